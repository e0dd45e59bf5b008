/* site.h -- the compiled settings of one site: what every role reads.
 *
 * A plain struct of fixed size without pointers or padding: master hands it to
 * each role as a sealed memfd.  Whoever maps one calls site_is_sound before
 * anything else and may then rely on what the comments here promise, for
 * conf_parse refuses any other value.
 *
 * Names and paths end in NUL and the rest of their array is NUL.  Numbers are
 * in the unit that the comment names; no number means "unlimited".  The table
 * of schema.c names each setting as the operator writes it.
 */
#pragma once

#include "lib/base/time.h"
#include "lib/policy/limits.h"

#define SITE_MAGIC   0x70686f6cu /* "lohp" in a little-endian file */
#define SITE_VERSION 1

#define SITE_PERMITS  16
#define SITE_LISTENERS (SITE_PERMITS + 2) /* see enum site_socket */
#define SITE_DOMAINS  64
#define SITE_STUBS    8
#define SITE_RECORDS  32
#define SITE_SCHEDULE 32
#define SITE_SMARTHOSTS 4
#define SITE_ROUTES   32

/* What the site is for. */
enum site_role {
	SITE_MAIL,  /* receives, keeps, relays                                */
	SITE_LOCAL, /* only sends mail of its own programs, NC-2.1.9          */
};

/* What happens to a From that is not represented, NC-2.1.9.e. */
enum site_from { SITE_FROM_REWRITE, SITE_FROM_REFUSE, SITE_FROM_SENDER };

/* What a permit opens. */
enum service {
	SERVICE_NONE,
	SERVICE_MX,          /* SMTP from other servers, RFC 5321            */
	SERVICE_SUBMISSIONS, /* implicit TLS, RFC 8314 section 3.3           */
	SERVICE_SUBMISSION,  /* STARTTLS demanded, RFC 6409                  */
	SERVICE_IMAPS,       /* implicit TLS, RFC 8314 section 3.2           */
	SERVICE_LOCAL,       /* SMTP for programs of this host, on loopback  */
	SERVICE_LMTP,        /* the same by LMTP, RFC 2033                   */
	SERVICES
};

/* How relay encrypts; the values are those of enum tls_policy. */
enum site_tls { SITE_TLS_OPPORTUNISTIC, SITE_TLS_REQUIRED,
	SITE_TLS_UNSAID /* of a route: as relay_tls */ };

/* The Unix sockets of SITE_LOCAL, numbered behind the permits: below
 * run_directory, for every program of this host. */
enum site_socket {
	SOCKET_SMTP = SITE_PERMITS, /* smtp.sock */
	SOCKET_LMTP,                /* lmtp.sock */
};

/* What a password must be; the values are those of enum password_profile. */
enum site_passwords { SITE_PASSWORDS_SP800_63B, SITE_PASSWORDS_NC_2008 };

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* A service that may be reached, NC-2.1.1.  No permit, no socket. */
struct site_permit {
	uint8_t address[16]; /* to bind; IPv4 mapped into IPv6 (::ffff:0:0) */
	int64_t expires_us;  /* struct instant; the socket closes then      */
	uint32_t service;    /* enum service, not SERVICE_NONE              */
	uint16_t port;       /* 1 to 65535                                  */
	uint16_t zero;
	char reason[128];
	char owner[64];
	char approved_by[64]; /* may be empty                               */
};

/* A domain that is represented here, lower case, without a final dot. */
struct site_domain {
	char name[256];
};

/* A server that takes all outgoing mail. */
struct site_smarthost {
	char name[256];  /* or an address literal without brackets          */
	uint8_t pin[32]; /* SHA-256 of its key's SubjectPublicKeyInfo        */
	uint16_t port;
	uint16_t pinned; /* 1: whoever has that key is it, and nobody else   */
	uint32_t zero;
};

/* Where some mail goes instead: what is said must hold, the first that fits
 * counts. */
struct site_route {
	char from[328]; /* sender, an address or a domain; ""                  */
	char to[256];   /* recipient's domain; ".example.org": below it; ""    */
	uint32_t attempt; /* from this one on, 1: always                       */
	uint32_t tls;     /* enum site_tls                                     */
	struct site_smarthost host; /* its name "": by MX                      */
};

/* A zone whose answers come from one server instead of the root. */
struct site_stub {
	char zone[256]; /* lower case, "." for everything                  */
	uint8_t address[16];
	uint16_t port;
	uint8_t zero[6];
};

/* One DNS record in presentation form: answers for tests. */
struct site_record {
	char text[256];
};

struct site {
	uint32_t magic;   /* SITE_MAGIC          */
	uint32_t version; /* SITE_VERSION        */
	uint32_t size;    /* sizeof(struct site) */

	/* how many of the arrays below are in use */
	uint32_t permits_count; /* 1 to SITE_PERMITS; SITE_LOCAL: from 0     */
	uint32_t domains_count; /* 1 to SITE_DOMAINS                        */
	uint32_t stubs_count;
	uint32_t records_count;
	uint32_t schedule_count; /* 1 to SITE_SCHEDULE                      */

	uint32_t passwords;      /* enum site_passwords                     */
	uint32_t zero;
	uint32_t production;     /* 1: missing protection stops the start   */
	uint32_t operator_uid;   /* may use the control sockets, as may 0   */
	uint32_t smarthosts_count; /* 0: deliver by MX                      */
	uint32_t relay_tls;      /* enum site_tls                           */
	uint32_t role;           /* enum site_role                          */
	uint32_t from;           /* enum site_from; SITE_LOCAL only         */
	uint32_t routes_count;
	uint32_t zero2;

	/* limits: each counts at one moment unless it says otherwise */
	uint64_t max_message;      /* octets of a message, RFC 1870           */
	uint32_t max_recipients;   /* of a message, RFC 5321 section 4.5.3.1.8 */
	uint32_t max_sessions;     /* of one service                          */
	uint32_t max_per_source;   /* sessions of one address (IPv6: /64)     */
	uint32_t max_per_net;      /* of one /24 (IPv6: /48)                  */
	uint32_t few_sessions;     /* who holds fewer has half of all         */
	uint32_t max_messages;     /* in one SMTP session                     */
	uint32_t data_rate;        /* octets a second of a message, at least  */
	uint32_t max_imap;         /* IMAP session processes                  */
	uint32_t max_imap_account; /* of these, of one account                */
	uint32_t max_queue;        /* messages waiting in the queue           */
	uint64_t max_mailbox;      /* octets of one account                   */
	uint64_t min_free;         /* octets a volume keeps free, else 452    */

	uint64_t rates[LIMITS];    /* lib/policy/limits.def                   */

	/* waiting times, microseconds */
	int64_t slow_us;      /* for 250; longer is overload                */
	int64_t idle_us;      /* for a command, RFC 5321 section 4.5.3.2.7  */
	int64_t data_us;      /* between blocks of data, section 4.5.3.2.5  */
	int64_t message_us;   /* from 354 to the end of a message           */
	int64_t login_us;     /* from connection to proven credential       */
	int64_t session_us;   /* a whole SMTP session                       */
	int64_t imap_idle_us; /* RFC 3501 section 5.4: at least 30 minutes  */

	/* relay */
	int64_t schedule_us[SITE_SCHEDULE]; /* waits between attempts; the
					     * last one repeats             */
	int64_t expire_us; /* give up and report, RFC 5321 section 4.5.4.1   */
	int64_t delay_notice_us; /* tell the sender it takes long            */
	uint32_t relay_connections; /* at one moment                         */
	uint32_t relay_per_host;    /* of these, to one host                 */

	char host[256];      /* announced; lower case                       */
	char sender[328];   /* SITE_LOCAL: envelope sender of all its mail  */
	char operator[328]; /* reads what is for users of this host; ""     */

	/* files, absolute */
	char certificate[256]; /* PEM, leaf first                            */
	char key[256];         /* PEM                                        */
	char client_ca[256];   /* PEM: who certifies clients; "": nobody    */
	char ca_file[256];     /* PEM bundle that relay trusts               */
	char relay_login[128]; /* at the smarthosts; ""                      */
	char password_file[256]; /* its password, for relay                 */
	char users[256];       /* state/users                                */
	char breached[256];    /* sys/breach.h; "": none                    */
	char addresses[256];   /* lib/conf/addresses.h; "": none            */
	char mailbox_directory[256]; /* on its own block device, NC-2.2.b   */
	char queue_directory[256];
	char log_directory[256];
	char run_directory[256]; /* control sockets, process id              */
	char limits_directory[256]; /* counters of the limits               */
	char evidence_directory[256]; /* what `posthold check` proved       */
	char standard[256];      /* what the machine was measured to do     */
	char clamd[256];         /* socket of the virus engine               */
	char trust_anchor[256];  /* DNSSEC root anchor                       */

	struct site_permit permits[SITE_PERMITS];
	struct site_domain domains[SITE_DOMAINS];
	struct site_smarthost smarthosts[SITE_SMARTHOSTS];
	struct site_route routes[SITE_ROUTES];
	struct site_stub stubs[SITE_STUBS];
	struct site_record records[SITE_RECORDS];
};

#pragma GCC diagnostic pop

/* Is this a site of this version, with every count in its range? */
bool site_is_sound(const struct site *s);

/* Is the host the site's alone, so that all on it is judged (NC-2.2.a)?  Not when
 * the site is not in production, nor where it only sends for other programs. */
bool site_owns_host(const struct site *s);

/* Does the permit open its socket at `now`? */
bool site_permit_open(const struct site_permit *p, struct instant now);

/* Is `domain` (any case, no final dot) represented here? */
bool site_represents(const struct site *s, struct span domain);

/* The smarthost of that name and port; NULL: there is none. */
const struct site_smarthost *site_smarthost(const struct site *s,
	struct span name, uint16_t port);

/* The same among the hosts of routes. */
const struct site_smarthost *site_route_host(const struct site *s,
	struct span name, uint16_t port);

/* 127.0.0.0/8 or ::1? */
bool address_is_loopback(const uint8_t address[16]);

/* "mx", "submissions" ...; "none" for what is no service. */
const char *service_name(uint32_t service);

/* A member's text as a span, without its NULs; borrowed from the site. */
#define SITE_TEXT(member) site_text((member), sizeof(member))
struct span site_text(const char *at, size_t size);
