# tests.mk -- tests that need more than one module.

SYSTEM_TESTS ?= tests/system tests/hostile tests/crash tests/interop
PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider -n 3 --dist loadfile

# Real clients against the demo site, as root.
system: all
	POSTHOLD_BUILD=$(abspath $(B)) $(PYTEST) $(wildcard $(SYSTEM_TESTS))

# What it costs that private keys are in another process.
$(B)/tests/bench/handshake: $(B)/tests/bench/handshake.o $(call archives,sys)
	$(Q)$(call link,$<,$(call archives,sys)) $(FOREIGN)
.PHONY: bench-handshake
bench-handshake: $(B)/tests/bench/handshake
	$<

# kill -9 of everything at so many random moments; `make check` does a few.
CRASH_MOMENTS ?= 500
crash: all
	CRASH_MOMENTS=$(CRASH_MOMENTS) POSTHOLD_BUILD=$(abspath $(B)) $(PYTEST) -s tests/crash

# Posthold beside Debian's other mail servers; needs root, prints ratios, never
# fails on time.
bench: all $(B)/bench/null_clamd $(B)/bench/mailgen
	tools/unpack-peers
	/usr/bin/python3 tests/bench/bench.py

# 10,000 idle and 1,000 dripping connections: what they cost the others.
.PHONY: bench-idle
bench-idle: all $(B)/bench/null_clamd
	POSTHOLD_BUILD=$(abspath $(B)) /usr/bin/python3 tests/bench/idle.py

$(B)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -lssl -lcrypto

ifeq ($(MODE),hostile)
all: $(B)/tests/hostile_control
$(B)/tests/hostile_control: tests/hostile/control.c $(call archives,sys)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< -Wl,--start-group $(call archives,sys) -Wl,--end-group $(FOREIGN)
endif
