# install.mk -- `make install`, by the File Hierarchy Standard 3.0.  DESTDIR
# stages; PREFIX, SYSCONFDIR and LIBEXEC are of the Makefile.

BINDIR := $(PREFIX)/bin
MANDIR := $(PREFIX)/share/man
DOCDIR := $(PREFIX)/share/doc/posthold
UNITS  := $(PREFIX)/lib/systemd/system
USERS  := $(PREFIX)/lib/sysusers.d
PAGES  := $(B)/man/posthold.8 $(B)/man/posthold.conf.5
UNIT   := etc/posthold.service
SAMPLE := etc/posthold.conf
ACCOUNTS := .
ifeq ($(MODE),local)
PAGES  += $(B)/man/sendmail.1
UNIT   := etc/posthold-local.service
SAMPLE := etc/posthold-local.conf
ACCOUNTS := posthold-(log|dns|queue|dial|relay|local) 
else
PAGES  += $(B)/man/posthold-addresses.5
endif

# Manual pages are made from the tables that the programs use.
$(B)/man/posthold.8: $(B)/posthold
	@mkdir -p $(@D)
	$(Q)$< manual posthold > $@
$(B)/man/%.5: $(B)/posthold
	@mkdir -p $(@D)
	$(Q)$< manual $* > $@

$(B)/man/sendmail.1: $(B)/posthold
	@mkdir -p $(@D)
	$(Q)$< manual sendmail > $@

.PHONY: man
man: $(PAGES)

# A mail server and a host that only sends are never one (NC-2.1.9).
OTHER := $(DESTDIR)$(LIBEXEC)/$(if $(filter local,$(MODE)),mx,local)

install: all $(PAGES)
	@test ! -e $(OTHER) || { echo "$(OTHER) is of the other kind of host:" \
		"remove that first (NC-2.1.9)" >&2; exit 1; }
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBEXEC) $(MANDIR)/man5 \
		$(MANDIR)/man8 $(DOCDIR)/examples $(UNITS) $(USERS))
	install -d -m 755 $(DESTDIR)$(SYSCONFDIR)/posthold
	install -m 755 $(B)/posthold $(DESTDIR)$(BINDIR)/
	install -m 755 $(filter $(B)/libexec/%,$(built)) $(DESTDIR)$(LIBEXEC)/
	install -m 644 $(B)/man/posthold.8 $(DESTDIR)$(MANDIR)/man8/
	install -m 644 $(filter %.5,$(PAGES)) $(DESTDIR)$(MANDIR)/man5/
	sed 's|@BINDIR@|$(BINDIR)|' $(UNIT) \
		> $(DESTDIR)$(UNITS)/posthold.service
	sed 's|@BINDIR@|$(BINDIR)|' etc/posthold-check.service \
		> $(DESTDIR)$(UNITS)/posthold-check.service
	install -m 644 etc/posthold-check.timer $(DESTDIR)$(UNITS)/
	chmod 644 $(DESTDIR)$(UNITS)/posthold.service \
		$(DESTDIR)$(UNITS)/posthold-check.service
	grep -E '$(ACCOUNTS)' etc/sysusers.conf > $(DESTDIR)$(USERS)/posthold.conf
	chmod 644 $(DESTDIR)$(USERS)/posthold.conf
	install -m 644 $(SAMPLE) $(DESTDIR)$(DOCDIR)/examples/posthold.conf
	install -m 644 $(wildcard README.md ARCHITECTURE.md SECURITY.md \
		LICENSE) $(DESTDIR)$(DOCDIR)/

# What programs call, under every name and place that they know.
ifeq ($(MODE),local)
install: install-sendmail
.PHONY: install-sendmail
install-sendmail: all $(PAGES)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin lib share/man/man1 bin)
	install -m 755 $(B)/bin/sendmail $(DESTDIR)$(PREFIX)/sbin/sendmail
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/lib/sendmail
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/mailq
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/newaliases
	install -m 644 $(B)/man/sendmail.1 $(DESTDIR)$(MANDIR)/man1/
	ln -sf sendmail.1 $(DESTDIR)$(MANDIR)/man1/mailq.1
	ln -sf sendmail.1 $(DESTDIR)$(MANDIR)/man1/newaliases.1
endif
