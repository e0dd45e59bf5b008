/* messages.h -- what one process can say to another.
 *
 * A message has fixed size, fixed-width fields and no pointers.  It has no
 * padding either, so no stale memory crosses a boundary: the compiler refuses
 * a gap, and a field named `zero` that fills it must hold zero on arrival.
 * A string is an octet array and a length beside it.  Bodies, lists and what
 * else is long travel as a descriptor next to the message.
 *
 * messages.def says who may send which struct to whom.
 */
#pragma once

#include <stdint.h>

#include "trust/roles.h"
#include "trust/tokens.h"

enum message_type {
	MESSAGE_NONE,
#define MESSAGE(name, ...) name,
#include "trust/messages.def"
#undef MESSAGE
	MESSAGES
};

#define ADDRESS_MAX 320 /* local part 64 "@" domain 255, RFC 5321 4.5.3.1 */
#define RELAY_NAME_MAX 64 /* of a host that relays by its address         */
#define NAME_MAX_   256 /* a host or file name                            */

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* Every message begins with this. */
struct head {
	uint32_t type;    /* enum message_type                       */
	uint32_t serial;  /* the asker's; an answer repeats it       */
	uint64_t session; /* links log rows across processes         */
};

/* An address or name, its length first in the struct that holds it. */
struct text320 {
	uint16_t len;
	uint8_t octets[ADDRESS_MAX];
};

struct text256 {
	uint16_t len;
	uint8_t octets[NAME_MAX_];
};

/* --- master and everybody ------------------------------------------------ */

/* The settings: a sealed memfd holding struct site (lib/conf/site.h). */
struct site_given {
	struct head head;
	uint64_t generation;
};

/* A channel to another role; replaces an earlier one to the same instance. */
struct link_given {
	struct head head;
	uint32_t role;
	uint32_t instance; /* 0, or the session process it leads to   */
	uint32_t account;  /* store: the only account it may see      */
	uint32_t epoch;    /* store: of that account at the login     */
};

/* A listening socket for permit number `permit` of the site. */
struct listen_given {
	struct head head;
	uint32_t permit;  /* index into site.permits                    */
	uint32_t control; /* 1: the role's control socket, not a permit */
};

/* The permit ended: close its socket. */
struct listen_ended {
	struct head head;
	uint32_t permit;
	uint32_t zero;
};

enum file_purpose {
	FILE_CERTIFICATE = 1, /* PEM chain                               */
	FILE_KEY,             /* PEM private key, to `keys` only         */
	FILE_USERS,           /* state/users file, to `auth`             */
	FILE_DIRECTORY,       /* the role's own directory                */
	FILE_TRUST_ANCHOR,    /* DNSSEC root anchor, to `dns`            */
	FILE_CA,              /* CA bundle for relay's peers             */
	FILE_PASSWORD,        /* of our login at the smarthosts, to relay */
	FILE_CLAMD,           /* connected socket to the virus engine    */
	FILE_SESSION,         /* imap: the plain stream from `login`     */
	FILE_NETNS,           /* the empty network namespace             */
	FILE_EMPTY_ROOT,      /* the empty directory to be root          */
	FILE_CLIENT_CA,       /* PEM authorities of clients' certificates */
	FILE_ADDRESSES,       /* lib/conf/addresses.h, to `auth`         */
	FILE_BURNT,           /* state/users/burnt.h, to append, to `auth` */
};

struct file_given {
	struct head head;
	uint32_t purpose; /* enum file_purpose                          */
	uint32_t number;  /* which, when there are several              */
};

struct secret_given {
	struct head head;
	uint32_t kind; /* enum secret_kind                              */
	uint32_t zero;
	uint8_t key[TOKEN_MAC];
};

/* GO, READY, STOP, CLAMD_WANTED: the type says it all. */
struct plain {
	struct head head;
};

/* imap: whose session this is. */
struct session_given {
	struct head head;
	uint32_t account;
	uint16_t login_len;
	uint8_t login[ADDRESS_MAX];
	uint8_t zero[2];
};

/* A peer sent what it may not: master kills it, the log keeps it. */
struct peer_forbidden {
	struct head head;
	uint32_t role;
	uint32_t instance;
	uint32_t message; /* the type it sent */
	uint32_t zero;
};

/* auth to master: a login succeeded; the descriptor is the session's stream. */
struct session_open {
	struct head head;
	uint32_t account;
	uint32_t epoch; /* of the account, sys/epochs.h */
	uint16_t login_len;
	uint8_t login[ADDRESS_MAX];
	uint8_t zero[6];
};

/* --- recipients, logins -------------------------------------------------- */

enum rcpt_kind {
	RCPT_REFUSED, /* `fault` says why                        */
	RCPT_LOCAL,   /* mailboxes here: `accounts`              */
	RCPT_REMOTE,  /* a domain that is not represented        */
};

struct rcpt_check {
	struct head head;
	struct grant grant;   /* of the login; zero when there is none  */
	uint16_t address_len; /* <postmaster> has no domain             */
	uint8_t address[ADDRESS_MAX];
	uint8_t zero[6];
};

#define RCPT_ACCOUNTS 251

/* An address can lead to more mailboxes than one answer holds: others with the
 * same serial follow as long as `more` is set. */
struct rcpt_answer {
	struct head head;
	uint32_t kind; /* enum rcpt_kind */
	uint16_t fault; /* fault_number */
	uint8_t more;
	uint8_t zero;
	uint32_t count; /* of `accounts` */
	uint32_t accounts[RCPT_ACCOUNTS];
};

enum sasl_mechanism {
	SASL_NONE,
	SASL_PLAIN,
	SASL_SCRAM_SHA_256,
	SASL_SCRAM_SHA_256_PLUS,
	SASL_EXTERNAL, /* the client's certificate */
	SASL_MECHANISMS
};

#define SASL_BLOB_MAX    1024
#define SASL_BINDING_MAX 64
#define CERTIFICATE_HASH 32 /* SHA-256 of the whole certificate */

/* One exchange for each session at a time; `start` ends an earlier one. */
struct sasl_step {
	struct head head;
	uint8_t peer[16];    /* client, IPv4 mapped into IPv6             */
	uint32_t start;      /* 1: first step, 0: a response              */
	uint32_t mechanism;  /* enum sasl_mechanism                       */
	uint16_t has_blob;   /* 0: no initial response                    */
	uint16_t blob_len;
	uint8_t blob[SASL_BLOB_MAX];
	uint16_t exporter_len; /* tls-exporter channel binding, RFC 9266  */
	uint8_t exporter[SASL_BINDING_MAX];
	uint16_t wants_session; /* 1: imap; a success opens a session     */
	uint16_t has_certificate; /* the next is of a verified one        */
	uint8_t certificate[CERTIFICATE_HASH];
	uint8_t zero[6];
};

struct sasl_challenge {
	struct head head;
	uint16_t blob_len;
	uint8_t blob[SASL_BLOB_MAX];
	uint8_t zero[6];
};

#define LOGIN_ADDRESSES_MAX 5640 /* of an account, and 12 more */

/* With wants_session, a descriptor comes along on success: this end of the
 * stream to the session process. */
struct sasl_done {
	struct head head;
	struct grant grant; /* zero unless the login succeeded          */
	uint16_t fault;     /* fault_number; 0 is success               */
	uint16_t login_len;
	uint8_t login[ADDRESS_MAX];
	uint16_t addresses_len; /* blocks of lib/base/codec.h           */
	uint8_t addresses[LOGIN_ADDRESSES_MAX];
	uint16_t blob_len; /* last server message, SCRAM's v=           */
	uint8_t blob[SASL_BLOB_MAX];
};

/* May this peer relay?  The descriptor is its connection: the kernel says whose
 * it is, not the process that asks (NC-2.1.5, footnote 3). */
struct relay_ask {
	struct head head;
};

struct relay_granted {
	struct head head;
	struct grant grant; /* zero unless it may                       */
	uint16_t fault;     /* fault_number; relay_denied: it may not   */
	uint16_t name_len;
	uint8_t name[RELAY_NAME_MAX]; /* of the entry                   */
	uint16_t addresses_len; /* that it may send as, blocks          */
	uint8_t addresses[LOGIN_ADDRESSES_MAX];
	uint8_t zero[2];
};

/* A credential came in clear: burn it (NC-2.1.4).  `blob` is a message of
 * PLAIN, or empty: then nobody knows whose it was. */
struct sasl_in_clear {
	struct head head;
	uint8_t peer[16];
	uint16_t blob_len;
	uint8_t blob[SASL_BLOB_MAX];
	uint8_t zero[6];
};

/* auth: the epochs of all accounts, an array of struct account_epoch in the
 * order of their numbers; the descriptor is sealed memory.  Whoever holds what
 * a login gave ends what is of an earlier epoch (sys/epochs.h). */
struct epochs_given {
	struct head head;
	uint32_t count;
	uint32_t highest; /* account number ever given */
};

struct account_epoch {
	uint32_t account;
	uint32_t epoch;
};

/* --- limits -------------------------------------------------------------- */

#define LIMIT_AMOUNTS 8 /* enum limit_unit of lib/policy/limits.h */

/* meter: may this happen?  LIMIT_ASK is answered, and charged when it may;
 * LIMIT_NOTE has happened already.  What is empty does not count. */
struct limit_ask {
	struct head head;
	uint64_t amounts[LIMIT_AMOUNTS];
	uint8_t peer[16];    /* IPv4 mapped into IPv6 */
	uint32_t account;    /* 0: nobody logged in   */
	uint16_t has_peer;
	uint16_t domain_len;
	uint8_t domain[NAME_MAX_]; /* represented here */
	uint16_t rcpt_len;
	uint8_t rcpt[ADDRESS_MAX]; /* elsewhere        */
	uint16_t relay_len;
	uint8_t relay[RELAY_NAME_MAX]; /* a listed host */
	uint8_t zero[4];
};

struct limit_answer {
	struct head head;
	uint16_t fault; /* fault_number */
	uint8_t zero[6];
};

/* --- bodies, verdicts, delivery ------------------------------------------ */

/* scan: look at the descriptor's octets from 0 to size. */
struct scan_request {
	struct head head;
	uint64_t size;
};

struct scan_answer {
	struct head head;
	uint16_t fault; /* verdict_missing when the engine is away */
	uint8_t zero[6];
	struct verdict verdict;
};

/* An unnamed file on the spool's volume, for a body too large for memory. */
struct spool_file {
	struct head head;
	uint16_t fault;
	uint8_t zero[6];
};

/* store: one message for `rcpts` local accounts, descriptor = body.  The
 * transaction is complete when that many deliver_rcpt have followed, with the
 * same session and serial. */
struct deliver_open {
	struct head head;
	uint64_t size;
	int64_t arrived_us;
	uint32_t rcpts; /* 1 to 1000 */
	uint16_t sender_len; /* 0: null sender */
	uint8_t sender[ADDRESS_MAX];
	uint8_t zero[2];
	struct verdict verdict;
};

struct deliver_rcpt {
	struct head head;
	uint32_t account;
	uint16_t address_len;
	uint8_t address[ADDRESS_MAX]; /* for Delivered-To */
	uint8_t has_dkey;             /* 1: deliver at most once a dkey */
	uint8_t dkey[16];
	uint8_t zero;
};

/* All recipients or none. */
struct deliver_done {
	struct head head;
	uint64_t id; /* of the stored message, for "250 ... id" */
	uint16_t fault;
	uint8_t zero[6];
};

/* What other servers are to be told of a message: that it needs SMTPUTF8, and
 * what its sender wants to hear of it (RFC 3461), as it was said. */
#define WISH_ENVID_MAX 100
#define WISH_ORCPT_MAX 500

struct message_wish {
	uint8_t utf8; /* 1: needs SMTPUTF8 */
	uint8_t ret;  /* enum dsn_return   */
	uint8_t envid_len;
	uint8_t envid[WISH_ENVID_MAX];
	uint8_t zero;
};

struct rcpt_wish {
	uint8_t notify; /* bits of lib/mail/notify.h */
	uint8_t zero;
	uint16_t orcpt_len;
	uint8_t orcpt[WISH_ORCPT_MAX];
};

/* queue: as deliver_open, for remote recipients. */
struct enqueue_open {
	struct head head;
	uint64_t size;
	int64_t arrived_us;
	uint32_t rcpts;
	uint16_t sender_len;
	uint8_t sender[ADDRESS_MAX];
	uint8_t eight_bit;
	uint8_t awaited; /* 1: not to be given out before ENQUEUE_KEEP */
	struct message_wish wish;
	struct verdict verdict;
	struct grant grant;
};

struct enqueue_rcpt {
	struct head head;
	uint16_t address_len;
	uint8_t address[ADDRESS_MAX];
	struct rcpt_wish wish;
	uint8_t zero[6];
};

struct enqueue_done {
	struct head head;
	uint64_t id;
	uint16_t fault;
	uint8_t zero[6];
};

/* queue: message `id` of this session, which was awaited, is accepted as a whole
 * (KEEP) or refused (CANCEL: forget it, nothing was acknowledged). */
struct enqueue_end {
	struct head head;
	uint64_t id;
};

/* --- relay --------------------------------------------------------------- */

enum tls_policy {
	TLS_OPPORTUNISTIC, /* encrypt when offered, any certificate    */
	TLS_REQUIRED,      /* encrypt and verify the name, or defer    */
	TLS_NONE,          /* in clear: the handshake failed last time */
	TLS_POLICIES
};

/* dial: connect for job head.session.  The descriptor goes to relay. */
struct dial_request {
	struct head head;
	uint16_t port;
	uint8_t by_mx; /* 1: `host` is a domain, look up its MX         */
	uint8_t named; /* 1: named in the settings: any address class   */
	uint32_t tls;  /* enum tls_policy                               */
	uint16_t host_len;
	uint8_t host[NAME_MAX_]; /* name, or address literal without []   */
	uint8_t zero[6];
};

#define REPLY_TEXT_MAX 400

/* What a peer or we ourselves said about a job or a recipient. */
struct relay_reply {
	uint16_t code;        /* SMTP reply code                         */
	uint16_t text_len;
	uint8_t enhanced[12]; /* "4.4.1", NUL padded                     */
	uint8_t text[REPLY_TEXT_MAX]; /* as received, controls removed    */
};

struct dial_failed {
	struct head head;
	struct relay_reply reply;
};

/* dial to relay, with the connected socket */
struct dial_connected {
	struct head head;
	uint8_t address[16];
	uint16_t port;
	uint16_t host_len;
	uint32_t tls;
	uint8_t host[NAME_MAX_]; /* whose certificate is expected */
};

/* queue to relay, with the body: job head.session.  `rcpts` relay_rcpt
 * follow.  reuse: connection of an earlier job, 0 = wait for dial_connected. */
struct relay_job {
	struct head head;
	uint64_t reuse;
	uint64_t size;
	uint32_t rcpts;
	uint16_t sender_len;
	uint8_t sender[ADDRESS_MAX];
	uint8_t eight_bit;
	uint8_t zero;
	struct message_wish wish;
};

/* RELAY_DROP is a struct plain: dial failed, nobody connects job
 * head.session. */

struct relay_rcpt {
	struct head head; /* serial: index in the job, from 0 */
	uint16_t address_len;
	uint8_t address[ADDRESS_MAX];
	struct rcpt_wish wish;
	uint8_t zero[6];
};

/* One for each recipient (serial = its index) ... */
struct relay_result {
	struct head head;
	struct relay_reply reply;
	uint32_t reports; /* 1: the server makes those that RFC 3461 asks for */
	uint32_t zero;
};

/* ... and then one for the job. */
struct relay_done {
	struct head head;
	uint64_t connection; /* open for another job; 0: closed          */
};

/* relay to queue: the idle connection `connection` is gone */
struct relay_gone {
	struct head head;
	uint64_t connection;
};

/* --- dns ----------------------------------------------------------------- */

struct dns_query {
	struct head head;
	uint16_t kind; /* DNS RR type: 1 A, 15 MX, 28 AAAA, 16 TXT, 52 TLSA */
	uint16_t name_len;
	uint8_t name[NAME_MAX_];
	uint8_t zero[4];
};

#define DNS_DATA_MAX 4096

struct dns_answer {
	struct head head;
	uint16_t fault;    /* sys_failed: no usable answer (temporary)     */
	uint16_t rcode;    /* 0 NOERROR, 3 NXDOMAIN                        */
	uint8_t secure;    /* DNSSEC validated                             */
	uint8_t bogus;     /* DNSSEC says forged: treat as no answer       */
	uint16_t count;    /* records in data                              */
	uint32_t ttl;      /* seconds, clamped to 0..86400                 */
	uint16_t data_len; /* records as blocks of lib/base/codec.h: raw
			    * RDATA with names uncompressed               */
	uint8_t data[DNS_DATA_MAX];
	uint8_t zero[2];
};

/* --- keys ---------------------------------------------------------------- */

#define SIGN_INPUT_MAX  512
#define SIGN_OUTPUT_MAX 768
#define KEY_HALF        8 /* first octets of SHA-256 of the public half */

struct sign_request {
	struct head head;
	uint32_t key;       /* number of FILE_KEY                        */
	uint32_t algorithm; /* enum sign_algorithm of sys/keys.h         */
	uint8_t half[KEY_HALF]; /* which of that number: its public half */
	uint16_t input_len;
	uint8_t input[SIGN_INPUT_MAX]; /* what TLS signs, not its digest   */
	uint8_t zero[6];
};

struct sign_answer {
	struct head head;
	uint16_t fault;
	uint16_t output_len;
	uint8_t output[SIGN_OUTPUT_MAX];
	uint8_t zero[4];
};

/* --- log ----------------------------------------------------------------- */

#define LOG_FIELDS_MAX 936

struct log_row {
	struct head head;   /* session                                   */
	int64_t time_us;    /* struct instant                            */
	uint64_t suppressed; /* rows this process could not send before  */
	uint32_t event;     /* row number of events.def                  */
	uint32_t pid;       /* as it says itself; its role is the channel's */
	uint16_t fields_len; /* fields in order, lib/base/codec.h        */
	uint8_t fields[LOG_FIELDS_MAX];
	uint8_t zero[6];
};

/* --- operator's command -------------------------------------------------- */

enum queue_verb { QUEUE_LIST = 1, QUEUE_SHOW, QUEUE_RETRY, QUEUE_DROP,
	QUEUE_HOLD, QUEUE_RELEASE, QUEUE_ROUTE };

#define REASON_MAX 64

/* Of which messages: all that is said must hold.  Length 0: any. */
struct queue_order {
	struct head head;
	uint32_t verb; /* enum queue_verb */
	uint16_t port; /* QUEUE_ROUTE: where to; an empty host: as the settings */
	uint16_t host_len;
	uint64_t id;     /* 0: any                                     */
	int64_t age_us;  /* at least                                   */
	uint16_t sender_len, rcpt_len, reason_len;
	uint8_t sender[ADDRESS_MAX]; /* "@domain": of it; "<>": the null sender */
	uint8_t rcpt[ADDRESS_MAX];   /* of one recipient at least */
	uint8_t reason[REASON_MAX];  /* a word of lib/policy/reason.h, or a part
				      * of the last reply about that one */
	uint8_t host[NAME_MAX_];
	uint8_t zero[2];
};

enum queue_row_state { QUEUE_ROW_PENDING, QUEUE_ROW_DEFERRED, QUEUE_ROW_DONE,
	QUEUE_ROW_FAILED, QUEUE_ROW_HELD };

/* Answer rows, one a recipient; then ctl_done. */
struct queue_row {
	struct head head;
	uint64_t id;
	uint64_t size;
	int64_t arrived_us, next_us;
	uint32_t attempts;
	uint32_t state; /* enum queue_row_state */
	struct relay_reply last;
	uint16_t sender_len;
	uint8_t sender[ADDRESS_MAX];
	uint16_t rcpt_len;
	uint8_t rcpt[ADDRESS_MAX];
	uint8_t zero[4];
};

enum limit_verb { LIMIT_SHOW = 1, LIMIT_RELEASE };

/* meter: the counters of one of these; release: of the account. */
struct limit_order {
	struct head head;
	uint32_t verb; /* enum limit_verb */
	uint32_t account;
	uint8_t peer[16];
	uint16_t has_peer;
	uint16_t domain_len;
	uint8_t domain[NAME_MAX_];
	uint8_t zero[4];
};

/* One limit of it; then ctl_done. */
struct limit_shown {
	struct head head;
	uint64_t used, most, refused;
	uint32_t limit; /* enum limit_number of lib/policy/limits.h */
	uint32_t held;
};

struct ctl_done {
	struct head head;
	uint64_t count; /* things done or shown */
	uint16_t fault;
	uint8_t zero[6];
};

/* auth: the users file was replaced, descriptor = the new one */
struct users_changed {
	struct head head;
};

/* master's answer to MASTER_STATUS, one for each process */
struct process_row {
	struct head head;
	uint32_t role;
	uint32_t instance;
	uint32_t pid;
	uint32_t restarts;
	int64_t started_us;
	uint32_t ready;
	uint32_t zero;
};

#include "trust/messages_store.h"

#pragma GCC diagnostic pop
