# tests.mk -- tests that need more than one module.

SYSTEM_TESTS ?= tests/guards tests/system tests/hostile tests/crash tests/interop
PYTEST := /usr/bin/python3 -m pytest -q -p no:cacheprovider

# Real clients against the demo site, as root.
system: all
	POSTHOLD_BUILD=$(abspath $(B)) $(PYTEST) $(wildcard $(SYSTEM_TESTS))
