"""The stock comes in: a sheet is read, its columns named, its cells checked (nhập hồ sơ cũ)."""
