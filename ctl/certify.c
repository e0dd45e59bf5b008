#include "ctl/certify.h"

#include <stdio.h>

#include "ctl/command.h"
#include "sys/clock.h"
#include "sys/password.h"
#include "sys/x509.h"

/* The four texts of a new site. */
struct papers {
	struct buf key, request, chain, authority;
};

static FALLIBLE
certify(const char *host, const char *domain, struct papers *p)
{
	static uint8_t storage[X509_PEM_MAX];
	struct buf authority_key = BUF(storage);
	struct span name = span_of(host), title;
	char words[256 + 16];
	int64_t now = clock_instant().us;
	struct x509_subject own = { &name, 1, { now - HOURS(1) },
		{ now + DAYS(365) } };
	struct x509_subject issuer = own;

	snprintf(words, sizeof words, "authority.%.240s", domain);
	title = span_of(words);
	issuer.names = &title;
	TRY(x509_make_key(X509_EC_P256, &authority_key));
	TRY(x509_make_authority(buf_view(&authority_key), &issuer,
		&p->authority));
	TRY(x509_make_certificate(buf_view(&authority_key),
		buf_view(&p->authority), buf_view(&p->key), &own, &p->chain));
	password_wipe(storage, sizeof storage);
	return buf_put(&p->chain, buf_view(&p->authority))
		? OK
		: &fault_key_unusable;
}

static FALLIBLE
make_papers(const char *host, const char *domain, struct papers *p)
{
	const struct span name = span_of(host);
	const struct x509_subject subject = { &name, 1, { 0 }, { 0 } };

	TRY(x509_make_key(X509_EC_P256, &p->key));
	TRY(x509_make_request(buf_view(&p->key), &subject, &p->request));
	return certify(host, domain, p);
}

static bool
write_pem(struct undo *u, const char *directory, const char *name, mode_t mode,
	const struct buf *pem)
{
	char path[512];

	snprintf(path, sizeof path, "%.400s/%s", directory, name);
	return undo_file(u, path, mode, buf_view(pem));
}

bool
certify_host(struct undo *u, const char *directory, const char *host,
	const char *domain)
{
	static uint8_t s1[X509_PEM_MAX], s2[X509_PEM_MAX];
	static uint8_t s3[2 * X509_PEM_MAX], s4[X509_PEM_MAX];
	struct papers p = { BUF(s1), BUF(s2), BUF(s3), BUF(s4) };
	const struct fault *f = make_papers(host, domain, &p);
	bool made;

	if (f) {
		complain_fault(f, "cannot make key and certificate",
			"is the host name right?");
		return false;
	}
	made = write_pem(u, directory, "key.pem", 0600, &p.key) &&
		write_pem(u, directory, "request.pem", 0644, &p.request) &&
		write_pem(u, directory, "certificate.pem", 0644, &p.chain) &&
		write_pem(u, directory, "authority.pem", 0644, &p.authority);
	password_wipe(s1, sizeof s1);
	return made;
}
