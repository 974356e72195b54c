"""Judging: councils, rounds and score sheets (hội đồng, đợt đánh giá, phiếu chấm điểm)."""
