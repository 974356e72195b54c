# Needs Python 3.11 or 3.12 and make; `make` alone lists what can be done.
# The first that runs: a version manager may leave names behind that lead nowhere.
PYTHON ?= $(shell for name in python3.12 python3.11 python3; do \
	$$name -c '' 2>/dev/null && command -v $$name && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --disable-pip-version-check --require-hashes -r
# Tests, checks and replays never touch the data of a running demo.
# Bytecode is kept whatever the shell says: to rewrite every test's asserts anew costs each worker
# seven seconds, and each program that a test starts compiles the product again.
TEST := OCOP_PG_FAST=1 OCOP_STATE="$(CURDIR)/.local/test" PYTHONDONTWRITEBYTECODE=
REPLAY := OCOP_PG_FAST=1 OCOP_STATE="$(CURDIR)/.local/replay"
PRODUCTION := OCOP_PRODUCTION=1 ALLOWED_HOSTS=ocop.example.vn SITE_URL=https://ocop.example.vn \
	SECRET_KEY="$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(64))')"

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick coverage check upgrade format lock replay proofs proof clean

help:  ## liệt kê các lệnh
	@sed -n 's/^\([a-z-]*\):.*##  */make \1\t/p' Makefile | expand -t 19

demo: $(VENV)/installed  ## chạy thử toàn bộ hệ thống tại http://127.0.0.1:8000 (PORT=… để đổi cổng)
	@exec $(RUN) manage.py up

test: $(VENV)/installed-dev  ## chạy toàn bộ kiểm thử
	@$(TEST) $(RUN) -m pytest -n auto --dist loadfile $(ARGS)

test-quick: $(VENV)/installed-dev  ## chạy kiểm thử nhanh: mỗi bảng trường hợp một dòng, không có gì chậm
	@$(TEST) $(RUN) -m pytest -n auto --dist loadfile --quick $(ARGS)

coverage: $(VENV)/installed-dev  ## đo phần mã nguồn mà kiểm thử đi qua, kể cả rẽ nhánh
	@$(TEST) $(RUN) -m pytest -n auto --dist loadfile -m 'not proof and not own_server' \
		--cov --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=95 $(ARGS)

check: $(VENV)/installed-dev  ## kiểm tra định dạng, lỗi, kiểu, cấu hình, di trú dữ liệu, bản dịch, luồng
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/djhtml --check --tabwidth 2 templates
	$(VENV)/bin/djlint --lint --quiet templates
	$(TEST) $(VENV)/bin/mypy .
	@echo 'manage.py check --deploy'; $(TEST) $(PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING
	$(TEST) $(RUN) manage.py migrate --verbosity 0
	$(TEST) $(RUN) manage.py makemigrations --check --dry-run
	$(TEST) $(RUN) manage.py check_translations
	$(TEST) $(RUN) manage.py check_flows
	$(TEST) $(RUN) manage.py check_words

upgrade: $(VENV)/installed-dev  ## kiểm tra dữ liệu của bản 0.1.0 chạy được với mã nguồn này
	@OCOP_PG_FAST=1 $(RUN) -m tests.upgrade

format: $(VENV)/installed-dev  ## định dạng mã nguồn
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/djhtml --tabwidth 2 templates

lock:  ## chốt phiên bản thư viện vào requirements*.txt
	@tools="$$(mktemp -d)" && trap 'rm -rf "$$tools"' EXIT && $(PYTHON) -m venv "$$tools" \
	&& "$$tools/bin/pip" install --quiet uv \
	&& for name in requirements requirements-dev; do \
		"$$tools/bin/uv" pip compile --quiet --upgrade --universal --generate-hashes --no-header \
			--no-annotate --python-version 3.11 "$$name.in" -o "$$name.txt" || exit 1; \
	done

replay: $(VENV)/installed  ## chạy lại chu trình thật năm 2021, in số liệu dạng JSON ở dòng cuối
	@trap '$(REPLAY) $(RUN) -m cycle.running.embedded forget' EXIT; $(REPLAY) $(RUN) manage.py migrate --verbosity 0 \
	&& $(REPLAY) $(RUN) manage.py replay 2021 && $(REPLAY) $(RUN) manage.py cycle_report 2021 --json

proofs: $(VENV)/installed-dev  ## liệt kê các phép chứng minh số liệu
	@$(RUN) -m bench

proof: $(VENV)/installed-dev  ## chạy một phép chứng minh: NAME=… [SCALE=full]
	@SCALE="$(SCALE)" $(RUN) -m bench "$(NAME)"

clean:  ## xóa môi trường và toàn bộ dữ liệu chạy thử, chạy kiểm thử
	@for state in replay test .; do \
		if [ -e ".local/$$state/lock" ]; then \
			OCOP_STATE="$(CURDIR)/.local/$$state" $(RUN) -m cycle.running.embedded forget || exit 1; \
		fi; \
	done
	rm -rf $(VENV) .local .mypy_cache .ruff_cache

$(VENV)/created:
	@command -v "$(PYTHON)" >/dev/null || { echo 'Không tìm thấy Python: hãy cài Python 3.11 hoặc 3.12.' >&2; exit 1; }
	@case "$$("$(PYTHON)" -c 'import sys; print("%d%02d" % sys.version_info[:2])')" in \
		311|312) ;; \
		2*|30?|310) echo 'Python này quá cũ: hãy cài Python 3.11 hoặc 3.12, hoặc chỉ rõ bằng PYTHON=….' >&2; exit 1;; \
		*) command -v redis-server >/dev/null || { \
			echo 'Với Python mới hơn 3.12, hãy cài redis-server, hoặc dùng Python 3.11 hay 3.12.' >&2; exit 1; };; \
	esac
	@"$(PYTHON)" -m venv $(VENV) || { echo 'Không tạo được môi trường Python: hãy cài gói python3-venv.' >&2; exit 1; }
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/created
	@echo 'Cài đặt thư viện (chỉ lần đầu)…'
	@$(PIP) requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements.txt | $(VENV)/created
	@echo 'Cài đặt thư viện và công cụ kiểm thử (chỉ lần đầu)…'
	@$(PIP) requirements-dev.txt
	@touch $@ $(VENV)/installed
