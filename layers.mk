# layers.mk -- the architecture as a table.  A folder may include and link only
# what stands to its right (and what that may use); `make check` enforces it.
#
#	proc ctl standard -> intake -> state -> sys -> trust -> lib/* -> lib/base

lib/base      :=
lib/mail      := lib/base
lib/mime      := lib/base lib/mail
lib/smtp      := lib/base lib/mail
lib/imap      := lib/base lib/mail lib/mime
lib/policy    := lib/base lib/mail lib/mime
lib/sched     := lib/base
lib/conf      := lib/base lib/mail lib/policy
trust         := lib/base
sys           := lib/base lib/mail lib/policy lib/conf trust
state/journal := lib/base trust sys
state/queue   := lib/base lib/mail lib/policy lib/sched trust sys state/journal
state/store   := lib/base lib/mail lib/mime trust sys state/journal
state/users   := lib/base lib/mail trust sys
state/log     := lib/base trust sys
intake        := lib/base lib/mail lib/smtp lib/policy lib/conf trust sys
standard      := lib/base lib/mail lib/smtp lib/policy lib/conf trust sys state/users

proc/master     := lib/base lib/conf trust sys
proc/mx         := lib/base lib/mail lib/smtp lib/policy lib/conf trust sys intake
proc/submission := lib/base lib/mail lib/smtp lib/policy lib/conf trust sys intake
proc/local      := lib/base lib/mail lib/smtp lib/policy lib/conf trust sys intake
proc/login      := lib/base lib/mail lib/imap lib/conf trust sys
proc/imap       := lib/base lib/mail lib/mime lib/imap lib/conf trust sys
proc/auth       := lib/base lib/mail lib/conf trust sys state/users
proc/keys       := lib/base lib/conf trust sys
proc/dns        := lib/base lib/mail lib/conf trust sys
proc/scan       := lib/base lib/mail lib/conf trust sys
proc/queue      := lib/base lib/mail lib/policy lib/sched lib/conf trust sys state/journal state/queue
proc/meter      := lib/base lib/policy lib/conf trust sys
proc/dial       := lib/base lib/mail lib/policy lib/conf trust sys
proc/relay      := lib/base lib/mail lib/smtp lib/conf trust sys
proc/store      := lib/base lib/mail lib/conf trust sys state/journal state/store
proc/log        := lib/base lib/conf trust sys state/log
ctl             := lib/base lib/mail lib/policy lib/conf trust sys state/journal state/queue state/store state/users state/log standard

# lib/ computes: no kernel, no clock, no heap, no globals (tools/check-pure).
PURE := lib/base lib/mail lib/mime lib/smtp lib/imap lib/policy lib/sched \
	lib/conf trust

sendmail        := lib/base lib/mail lib/mime lib/smtp lib/conf trust sys

PROGRAMS := proc/master proc/mx proc/submission proc/login proc/imap \
	proc/auth proc/keys proc/dns proc/scan proc/queue proc/meter proc/dial \
	proc/relay proc/store proc/log ctl

# The programs of a host that only sends (NC-2.1.9): the build MODE=local.
SEND_ONLY := proc/master proc/local proc/dns proc/queue proc/dial proc/relay \
	proc/log sendmail ctl

FOLDERS := $(PURE) sys state/journal state/queue state/store state/users \
	state/log intake standard $(sort $(PROGRAMS) $(SEND_ONLY))

# Foreign libraries; --as-needed drops what a program does not use.
FOREIGN := -lidn2 -levent_core -lssl -lcrypto -lsodium -lgsasl -lunbound -llmdb \
	-lseccomp -ljansson -lresolv
