/* posthold init, on a host that only sends (NC-2.1.9) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/settle.h"
#include "lib/base/number.h"
#include "sys/clock.h"

#define DEFAULT_DIRECTORY "/etc/posthold"

struct plan {
	const char *domain, *smarthost, *pin, *ca, *host, *sender, *operator;
	const char *owner;
	char directory[416];
	bool installed; /* in the places of the File Hierarchy Standard */
	char here[256]; /* what the kernel calls this host              */
	char first[64];
	struct undo undo;
};

static void
write_names(FILE *f, const struct plan *p)
{
	fprintf(f,
		"# A host that only sends (NC-2.1.9): mail of its own programs goes to the\n"
		"# smarthost below and nowhere else; nothing is received, nothing is kept.\n"
		"# `posthold conf explain NAME` tells about each setting, `posthold conf check`\n"
		"# finds every mistake, `posthold conf show` has the defaults.\n\n"
		"role             local\n"
		"host             %s\n\n"
		"# What a From may say; give the setting once for each domain.\n"
		"domain           %s\n\n"
		"queue-directory  %s/queue\n"
		"evidence-directory %s/evidence\n"
		"log-directory    %s%s\n"
		"run-directory    %s%s   # smtp.sock and lmtp.sock are here\n\n",
		p->host, p->domain,
		p->installed ? "/var/lib/posthold" : p->directory,
		p->installed ? "/var/lib/posthold" : p->directory,
		p->installed ? "/var/log/posthold" : p->directory,
		p->installed ? "" : "/log",
		p->installed ? "/run/posthold" : p->directory,
		p->installed ? "" : "/run");
}

static void
write_send(FILE *f, const struct plan *p)
{
	fprintf(f,
		"send {\n"
		"\t# Every message is sent from this address, and reports come back to it:\n"
		"\t# it must exist at the smarthost, and somebody must read it.\n"
		"\tsender     %s\n\n"
		"\t# Who reads what is addressed to root and other users of this host.\n"
		"\toperator   %s\n\n"
		"\t# A From of another domain: rewrite it to the sender, or refuse (550).\n"
		"\tfrom       rewrite\n"
		"}\n\n",
		p->sender, p->operator);
}

static void
write_relay(FILE *f, const struct plan *p)
{
	fprintf(f,
		"relay {\n"
		"\t# The primary mail server.  With \"%s sha256=...\" it is whoever has\n"
		"\t# that key; without, its certificate must lead to ca-file and bear the\n"
		"\t# name.  A second line is used when the first does not take the mail.\n"
		"\tsmarthost  \"%s%s%s\"\n"
		"\ttls        required\n",
		p->smarthost, p->smarthost, p->pin ? " " : "",
		p->pin ? p->pin : "");
	if (p->ca)
		fprintf(f, "\tca-file    %s\n", p->ca);
	fprintf(f,
		"\n\t# If the smarthost wants a login (then set from to sender, above):\n"
		"\t# login          app1\n"
		"\t# password-file  /etc/posthold/smarthost.password\n"
		"\n\tschedule   \"1m 5m 10m 30m 1h 2h\"\n}\n\n");
}

static void
write_permit(FILE *f, const struct plan *p, struct instant now)
{
	struct civil end = civil_of((struct instant){ now.us + DAYS(365) });

	fprintf(f,
		"# Programs that speak SMTP to 127.0.0.1; sendmail(1) does not need it.\n"
		"permit local {\n"
		"\taddress  127.0.0.1\n"
		"\tport     25\n"
		"\treason   \"programs of this host send mail\"\n"
		"\towner    \"%s\"\n"
		"\texpires  %04d-%02d-%02d     # then the socket closes; review it before\n"
		"}\n",
		p->owner, (int)end.year % 10000, end.month % 100,
		end.day % 100);
}

static bool
make_settings(struct plan *p)
{
	struct instant now = clock_instant();
	char *text = NULL, path[512];
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool made;

	if (!f) {
		complain(EX_OSERR, "no memory", NULL);
		return false;
	}
	write_names(f, p);
	write_send(f, p);
	write_relay(f, p);
	write_permit(f, p, now);
	fclose(f);
	snprintf(path, sizeof path, "%.400s/posthold.conf", p->directory);
	made = settle(&p->undo, path, span_at(text, len), now);
	free(text);
	return made;
}

static bool
make_site(struct plan *p)
{
	return undo_directory(&p->undo, p->directory, 0755) &&
		(!p->installed ||
			undo_directory(&p->undo, "/var/lib/posthold", 0755)) &&
		make_settings(p);
}

/* "app1.agency.example", and "app1@agency.example" for reports. */
static void
complete(struct plan *p)
{
	static char host[600], sender[400];
	size_t first;

	if (gethostname(p->here, sizeof p->here - 1) != 0)
		snprintf(p->here, sizeof p->here, "host");
	first = strcspn(p->here, ".");
	snprintf(p->first, sizeof p->first, "%.*s",
		(int)(first < 60 ? first : 60), p->here);
	if (!p->host) {
		snprintf(host, sizeof host, "%s.%.255s", p->first, p->domain);
		p->host = strchr(p->here, '.') ? p->here : host;
	}
	if (!p->sender) {
		snprintf(sender, sizeof sender, "%s@%.255s", p->first,
			p->domain);
		p->sender = sender;
	}
	p->operator = p->operator ? p->operator : p->sender;
	p->owner = p->owner ? p->owner : "postmaster";
}

static void
print_next(const struct plan *p)
{
	printf("Made %s/posthold.conf; every line may be changed.\n\n"
	       "Next:\n\n"
	       "  have the address %s made at the mail server: reports\n"
	       "      come back to it, and it is tested at each start and once a day\n"
	       "  posthold conf egress -c %s/posthold.conf | nft -f -\n"
	       "  systemctl start posthold      # or: posthold run\n"
	       "  echo hello | sendmail -v root\n"
	       "  posthold check -c %s/posthold.conf\n",
		p->directory, p->sender, p->directory, p->directory);
}

int
init_local(struct call *c)
{
	static struct plan plan;
	struct plan *p = &plan;
	const char *directory = DEFAULT_DIRECTORY;
	const struct option options[] = {
		{ "--send-only", "HOST:PORT", &p->smarthost, NULL,
			"the agency's mail server; must be given" },
		{ "--pin", "sha256=HEX", &p->pin, NULL,
			"its public key, as in a TLSA record 3 1 1" },
		{ "--ca", "FILE", &p->ca, NULL,
			"or the authorities of its certificate (the system's)" },
		{ "--sender", "ADDRESS", &p->sender, NULL,
			"where reports come back (this host's name at DOMAIN)" },
		{ "--operator", "ADDRESS", &p->operator, NULL,
			"who reads mail for root (the sender's address)" },
		{ "--host", "NAME", &p->host, NULL, "name of this host" },
		{ "--owner", "PERSON", &p->owner, NULL,
			"who answers for the permit (postmaster)" },
		{ "--dir", "DIR", &directory, NULL,
			"where (" DEFAULT_DIRECTORY "); another one holds "
			"the queue too" },
	};
	int code;

	*p = (struct plan){ 0 };
	code = options_take(c, options, COUNT_OF(options));
	if (code >= 0)
		return code;
	if (!p->smarthost)
		return complain(EX_USAGE, "--send-only is missing",
			"name the agency's mail server as HOST:PORT");
	p->domain = c->words[0];
	if (!absolute_path(directory, p->directory))
		return EX_USAGE;
	p->installed = strcmp(p->directory, DEFAULT_DIRECTORY) == 0;
	complete(p);
	if (!make_site(p)) {
		undo_all(&p->undo);
		return complain(EX_CANTCREAT, "nothing was made",
			"see the messages above");
	}
	print_next(p);
	return EX_OK;
}
