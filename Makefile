# GNU make.  Conventions replace lists: in a folder of layers.mk every .c is
# part of the folder's archive, but
#	x_test.c    a unit test program
#	x_proof.c   a property, drawn at random by `make check`
#	x_fuzz.c    a fuzz target
#	main.c      the program of a proc/ folder and of ctl/
#
#	make                  build/posthold and build/libexec/*
#	make check            layers, purity, style, unit tests, properties
#	make MODE=asan check  the same under ASan and UBSan
#	make CC=clang check   the other compiler
#	make MODE=local       the programs of a host that only sends
#	make fuzz-smoke       every fuzz target for FUZZ_SECONDS
#	make system           system tests with real clients (as root)
#	make crash            kill everything at CRASH_MOMENTS random moments
#	make bench            measure beside Postfix; see tests/bench/README.md
#	make install          DESTDIR=, PREFIX=/usr

include layers.mk

MODE ?= release
ifneq ($(filter default undefined,$(origin CC)),)
CC := gcc
endif
B ?= $(if $(filter release,$(MODE)),$(if $(filter gcc,$(CC)),build,build/$(CC)),build/$(MODE))
FUZZ_SECONDS ?= 10

PREFIX     ?= /usr
SYSCONFDIR ?= /etc
STATEDIR   ?= /var/lib/posthold
LIBEXEC    ?= $(PREFIX)/libexec/posthold

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -rR
Q := $(if $(V),,@)

# --- flags: reference is docs/design/0001-build.md ---------------------------
WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wvla -Wformat=2 \
	-Wimplicit-fallthrough -Wnull-dereference -Walloca \
	-Wframe-larger-than=4096 -Wstrict-prototypes -Wmissing-prototypes -Werror
HARDEN := -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection=full -fno-delete-null-pointer-checks \
	-fno-strict-aliasing -ftrivial-auto-var-init=zero
ifeq ($(CC),gcc)
HARDEN += -fzero-call-used-regs=used-gpr
else
HARDEN += -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang \
	-Wno-gnu-variable-sized-type-not-at-end
endif
CFLAGS := -std=gnu17 -g -D_GNU_SOURCE -iquote . -fPIE -ffile-prefix-map=$(CURDIR)=. $(WARN)
LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	-Wl,--as-needed -Wl,--gc-sections

ifeq ($(MODE),release)
CFLAGS += -O2 -D_FORTIFY_SOURCE=3 -ffunction-sections $(HARDEN)
else ifeq ($(MODE),asan)
CFLAGS += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -Wno-frame-larger-than -Wno-null-dereference \
	-DPOSTHOLD_ASAN
LDFLAGS += -fsanitize=address,undefined
else ifeq ($(MODE),hostile)
CFLAGS += -O2 -D_FORTIFY_SOURCE=3 -ffunction-sections $(HARDEN) -DPOSTHOLD_HOSTILE
else ifeq ($(MODE),local)
CFLAGS += -O2 -D_FORTIFY_SOURCE=3 -ffunction-sections $(HARDEN) -DPOSTHOLD_LOCAL
PROGRAMS := $(SEND_ONLY)
else ifeq ($(MODE),fuzz)
CC := clang
CFLAGS += -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -Wno-frame-larger-than -DPOSTHOLD_ASAN \
	-Wno-gnu-variable-sized-type-not-at-end
LDFLAGS += -fsanitize=fuzzer,address,undefined
else
$(error MODE is release, asan, hostile, local or fuzz)
endif

# --- every folder ------------------------------------------------------------
sources   = $(filter-out %_test.c %_fuzz.c %_proof.c %/main.c %/test_run.c,$(wildcard $(1)/*.c))
objects   = $(patsubst %.c,$(B)/%.o,$(1))
archive   = $(B)/$(subst /,_,$(1)).a
closure   = $(sort $(1) $(foreach f,$($(1)),$(f) $($(f))))
archives  = $(foreach f,$(call closure,$(1)),$(if $(call sources,$(f)),$(call archive,$(f))))
link      = $(CC) $(LDFLAGS) -o $@ $(1) -Wl,--start-group $(2) -Wl,--end-group
built     = $(foreach p,$(PROGRAMS),$(if $(wildcard $(p)/main.c),$(call program,$(p))))
program   = $(or $(patsubst ctl,$(B)/posthold,$(filter ctl,$(1))),$(patsubst sendmail,$(B)/bin/sendmail,$(filter sendmail,$(1))),$(B)/libexec/$(notdir $(1)))

TESTS  := $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%,$(wildcard $(f)/*_test.c)))
PROOFS := $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%,$(wildcard $(f)/*_proof.c)))
FUZZES := $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%,$(wildcard $(f)/*_fuzz.c)))

define folder
$(call archive,$(1)): $(call objects,$(call sources,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
$(patsubst %.c,$(B)/%,$(wildcard $(1)/*_test.c)): $(B)/%: $(B)/%.o $(B)/lib/base/test_run.o $(call archives,$(1))
	$$(Q)$$(call link,$$< $(B)/lib/base/test_run.o,$(call archives,$(1))) $(FOREIGN) -lcmocka
$(patsubst %.c,$(B)/%,$(wildcard $(1)/*_proof.c) $(wildcard $(1)/*_fuzz.c)): $(B)/%: $(B)/%.o $(call archives,$(1))
	$$(Q)$$(call link,$$<,$(call archives,$(1))) $(FOREIGN)
endef
$(foreach f,$(FOLDERS),$(eval $(call folder,$(f))))

define executable
$(call program,$(1)): $(B)/$(1)/main.o $(call archives,$(1))
	@mkdir -p $$(@D)
	$$(Q)$$(call link,$$<,$(call archives,$(1))) $(FOREIGN)
endef
$(foreach p,$(PROGRAMS),$(eval $(call executable,$(p))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)echo "  $<"
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)

.PHONY: all tests check unit fuzz fuzz-smoke system crash bench install clean
all: $(built)
tests: $(TESTS) $(PROOFS)

check: all tests
	tools/check-layers
	tools/check-pure $(B)
	tools/check-strings $(B)
	tools/check-style
	tools/run-tests tests/guards/guards $(TESTS) $(PROOFS)

# What a host that only sends must not have is made to be compared with, and not
# installed (NC-2.1.9.a).
ifeq ($(MODE),local)
RECEIVES := state/store lib/imap intake proc/login proc/imap proc/auth proc/keys \
	proc/scan proc/store
.PHONY: check-local
all: check-local
check-local: $(built) $(foreach f,$(RECEIVES),$(call archive,$(f)))
	tools/check-local $(B)
endif

# Linked in that build only, compiled in all: a change shows at once.
all: $(patsubst %.c,$(B)/%.o,$(wildcard proc/local/*.c sendmail/main.c \
	sendmail/letter.c sendmail/submit.c))

unit: tests
	tools/run-tests $(TESTS) $(PROOFS)

fuzz: $(FUZZES)
fuzz-smoke:
	$(MAKE) MODE=fuzz fuzz
	tools/run-fuzz build/fuzz $(FUZZ_SECONDS)

clean:
	rm -rf build

-include tests/tests.mk etc/install.mk
