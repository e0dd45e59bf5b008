# install.mk -- `make install`, by the File Hierarchy Standard 3.0.  DESTDIR
# stages; PREFIX, SYSCONFDIR and LIBEXEC are of the Makefile.

BINDIR := $(PREFIX)/bin
MANDIR := $(PREFIX)/share/man
DOCDIR := $(PREFIX)/share/doc/posthold
UNITS  := $(PREFIX)/lib/systemd/system
USERS  := $(PREFIX)/lib/sysusers.d
PAGES  := $(B)/man/posthold.8 $(B)/man/posthold.conf.5

# Manual pages are made from the tables that the programs use.
$(B)/man/posthold.8: $(B)/posthold
	@mkdir -p $(@D)
	$(Q)$< manual posthold > $@
$(B)/man/posthold.conf.5: $(B)/posthold
	@mkdir -p $(@D)
	$(Q)$< manual posthold.conf > $@

.PHONY: man
man: $(PAGES)

install: all $(PAGES)
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBEXEC) $(MANDIR)/man5 \
		$(MANDIR)/man8 $(DOCDIR)/examples $(UNITS) $(USERS))
	install -d -m 755 $(DESTDIR)$(SYSCONFDIR)/posthold
	install -m 755 $(B)/posthold $(DESTDIR)$(BINDIR)/
	install -m 755 $(filter $(B)/libexec/%,$(built)) $(DESTDIR)$(LIBEXEC)/
	install -m 644 $(B)/man/posthold.8 $(DESTDIR)$(MANDIR)/man8/
	install -m 644 $(B)/man/posthold.conf.5 $(DESTDIR)$(MANDIR)/man5/
	sed 's|@BINDIR@|$(BINDIR)|' etc/posthold.service \
		> $(DESTDIR)$(UNITS)/posthold.service
	chmod 644 $(DESTDIR)$(UNITS)/posthold.service
	install -m 644 etc/sysusers.conf $(DESTDIR)$(USERS)/posthold.conf
	install -m 644 etc/posthold.conf $(DESTDIR)$(DOCDIR)/examples/
	install -m 644 $(wildcard README.md ARCHITECTURE.md SECURITY.md \
		LICENSE) $(DESTDIR)$(DOCDIR)/
