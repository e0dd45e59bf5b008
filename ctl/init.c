/* posthold init */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/certify.h"
#include "ctl/settle.h"
#include "lib/base/number.h"
#include "state/users/edit.h"
#include "sys/clock.h"
#include "sys/crypto.h"
#include "sys/idn.h"

#define DEFAULT_DIRECTORY "/etc/posthold"

struct plan {
	const char *domain, *host, *owner, *smarthost;
	char directory[416];           /* of the settings            */
	const char *state, *log, *run; /* NULL: below `directory`    */
	char names[256 + 8];
	struct undo undo;
};

static void
path_in(const struct plan *p, const char *name, char out[512])
{
	snprintf(out, 512, "%.400s/%s", p->directory, name);
}

/* --- the settings file ----------------------------------------------------- */

static void
write_permit(FILE *f, const struct plan *p, const char *service, int port,
	const char *reason, const char *day)
{
	fprintf(f,
		"permit %s {\n"
		"\taddress  0.0.0.0        # for IPv6 add a second permit with ::\n"
		"\tport     %d\n"
		"\treason   \"%s\"\n"
		"\towner    \"%s\"\n"
		"\texpires  %s     # then the socket closes; review it before\n"
		"}\n\n",
		service, port, reason, p->owner, day);
}

static void
write_names(FILE *f, const struct plan *p)
{
	fprintf(f,
		"# Settings of the mail site of %s.\n"
		"# `posthold conf explain NAME` tells about each setting, "
		"`posthold conf check`\n"
		"# finds every mistake.  What is not written here has its "
		"default:\n"
		"# `posthold conf show`.\n\n"
		"host               %s\n"
		"domain             %s\n\n"
		"certificate        %s/certificate.pem\n"
		"key                %s/key.pem\n"
		"users              %s/users\n"
		"performance-standard %s/performance.standard\n\n"
		"# A block device of its own must be mounted here (NC-2.2.b).\n"
		"mailbox-directory  %s/mailboxes\n"
		"queue-directory    %s/queue\n"
		"limits-directory   %s/limits\n"
		"evidence-directory %s/evidence\n"
		"log-directory      %s%s\n"
		"run-directory      %s%s\n\n",
		p->domain, p->host, p->domain, p->directory, p->directory,
		p->directory, p->directory,
		p->state ? p->state : p->directory,
		p->state ? p->state : p->directory,
		p->state ? p->state : p->directory,
		p->state ? p->state : p->directory,
		p->log ? p->log : p->directory, p->log ? "" : "/log",
		p->run ? p->run : p->directory, p->run ? "" : "/run");
}

static void
write_settings(FILE *f, const struct plan *p, struct instant now)
{
	struct civil end = civil_of((struct instant){ now.us + DAYS(365) });
	char day[16];

	snprintf(day, sizeof day, "%04d-%02d-%02d", (int)end.year % 10000,
		end.month % 100, end.day % 100);
	write_names(f, p);
	fprintf(f, "# A service is open only by a permit (NC-2.1.1).  Name a "
		   "person as its owner.\n\n");
	write_permit(f, p, "mx", 25, "receive mail from other servers", day);
	write_permit(f, p, "submissions", 465, "users send mail", day);
	write_permit(f, p, "imaps", 993, "users read mail", day);
	fprintf(f, "# Mail for other domains goes to their MX unless a "
		   "smarthost takes it all.\nrelay {\n");
	if (p->smarthost)
		fprintf(f, "\tsmarthost  %s\n", p->smarthost);
	fprintf(f, "\ttls        opportunistic\n}\n");
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
	write_settings(f, p, now);
	fclose(f);
	path_in(p, "posthold.conf", path);
	made = settle(&p->undo, path, span_at(text, len), now);
	free(text);
	return made;
}

/* --- all of it ------------------------------------------------------------- */

static bool
make_users(struct plan *p)
{
	const struct fault *f;
	char path[512];

	path_in(p, "users", path);
	f = users_create(path);
	if (f) {
		complain_fault(f, path, "move it away");
		return false;
	}
	undo_note(&p->undo, path);
	return true;
}

static bool
make_site(struct plan *p)
{
	if (!undo_directory(&p->undo, p->directory, 0755))
		return false;
	if (p->state && !undo_directory(&p->undo, p->state, 0755))
		return false;
	return make_settings(p) &&
		certify_host(&p->undo, p->directory, p->host, p->domain) &&
		make_users(p);
}

static void
print_dns(const struct plan *p)
{
	printf("\nDNS records that mail needs:\n\n"
	       "%s.  MX   10 %s.\n"
	       "%s.  TXT  \"v=spf1 mx -all\"\n"
	       "_dmarc.%s.  TXT\n"
	       "    \"v=DMARC1; p=reject; rua=mailto:postmaster@%s\"\n"
	       "_submissions._tcp.%s.  SRV  0 1 465 %s.\n"
	       "_imaps._tcp.%s.  SRV  0 1 993 %s.\n"
	       "%s.  A and AAAA: this host's addresses; their PTR leads back\n"
	       "\nWith DNSSEC also a TLSA record for _25._tcp.%s., made from the\n"
	       "certificate that an authority gives you (RFC 7672).  An MTA-STS\n"
	       "policy (RFC 8461) needs a web server for mta-sts.%s.\n",
		p->domain, p->host, p->domain, p->domain, p->domain, p->domain,
		p->host, p->domain, p->host, p->host, p->host, p->domain);
}

/* A domain may be given as people write it. */
static const char *
in_ascii(const char *domain)
{
	static uint8_t room[256];
	struct buf b = BUF(room);

	return idn_put_ascii(&b, domain) && buf_push(&b, 0)
		? (const char *)room
		: domain; /* the settings will be refused */
}

static void
print_next(const struct plan *p)
{
	printf("Made in %s:\n\n"
	       "  posthold.conf    settings; every line may be changed\n"
	       "  key.pem          private key: keep it secret\n"
	       "  request.pem      send it to your certificate authority\n"
	       "  certificate.pem  NOT from a public authority: replace it by the\n"
	       "                   certificate that you get for request.pem\n"
	       "  authority.pem    what clients must trust until then\n"
	       "  users            accounts: none yet\n"
	       "\nNext:\n\n"
	       "  posthold user add -c %s/posthold.conf LOGIN\n"
	       "  posthold user add -c %s/posthold.conf LOGIN2 LOGIN2@%s \\\n"
	       "      postmaster@%s abuse@%s\n"
	       "  posthold check -c %s/posthold.conf\n",
		p->directory, p->directory, p->directory, p->domain, p->domain,
		p->domain, p->directory);
}

int
init_site(struct call *c)
{
	static struct plan plan;
	struct plan *p = &plan;
	const char *directory = DEFAULT_DIRECTORY;
	const struct option options[] = {
		{ "--dir", "DIR", &directory, NULL,
			"where (" DEFAULT_DIRECTORY "); another one holds "
			"the mail too" },
		{ "--host", "NAME", &p->host, NULL,
			"name of this host (mail.DOMAIN)" },
		{ "--owner", "PERSON", &p->owner, NULL,
			"who answers for the permits (postmaster)" },
		{ "--smarthost", "HOST:PORT", &p->smarthost, NULL,
			"server that takes all outgoing mail" },
	};
	int code;

	*p = (struct plan){ 0 };
	code = options_take(c, options, COUNT_OF(options));
	if (code >= 0)
		return code;
	p->domain = in_ascii(c->words[0]);
	snprintf(p->names, sizeof p->names, "mail.%.250s", p->domain);
	p->host = p->host ? p->host : p->names;
	p->owner = p->owner ? p->owner : "postmaster";
	if (!absolute_path(directory, p->directory))
		return EX_USAGE;
	if (strcmp(p->directory, DEFAULT_DIRECTORY) == 0) {
		p->state = "/var/lib/posthold";
		p->log = "/var/log/posthold";
		p->run = "/run/posthold";
	}
	if (crypto_start())
		return complain(EX_SOFTWARE, "OpenSSL does not start", NULL);
	if (!make_site(p)) {
		undo_all(&p->undo);
		return complain(EX_CANTCREAT, "nothing was made",
			"see the messages above");
	}
	print_next(p);
	print_dns(p);
	return EX_OK;
}
