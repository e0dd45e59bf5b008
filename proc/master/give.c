#include "proc/master/give.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/number.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "trust/rights.h"

/* The files that a role is handed, as descriptors. */
static const struct file_row {
	uint32_t roles; /* set */
	enum file_purpose purpose;
	size_t path; /* in struct site */
	mode_t type;
	bool again; /* new settings may mean a new file of the same name */
} files[] = {
#define FILE_(member) offsetof(struct site, member)
	{ ROLE_BIT(KEYS), FILE_KEY, FILE_(key), S_IFREG, true },
	{ ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN), FILE_CLIENT_CA,
		FILE_(client_ca), S_IFREG, true }, /* before the next */
	{ ROLE_BIT(MX) | ROLE_BIT(SUBMISSION) | ROLE_BIT(LOGIN),
		FILE_CERTIFICATE, FILE_(certificate), S_IFREG, true },
	{ ROLE_BIT(AUTH), FILE_USERS, FILE_(users), S_IFREG, true },
	{ ROLE_BIT(AUTH), FILE_ADDRESSES, FILE_(addresses), S_IFREG, true },
	{ ROLE_BIT(DNS), FILE_TRUST_ANCHOR, FILE_(trust_anchor), S_IFREG,
		false },
	{ ROLE_BIT(RELAY), FILE_CA, FILE_(ca_file), S_IFREG, true },
	{ ROLE_BIT(RELAY), FILE_PASSWORD, FILE_(password_file), S_IFREG, true },
	{ ROLE_BIT(STORE), FILE_DIRECTORY, FILE_(mailbox_directory), S_IFDIR,
		false },
	{ ROLE_BIT(QUEUE), FILE_DIRECTORY, FILE_(queue_directory), S_IFDIR,
		false },
	{ ROLE_BIT(METER), FILE_DIRECTORY, FILE_(limits_directory), S_IFDIR,
		false },
	{ ROLE_BIT(LOG), FILE_DIRECTORY, FILE_(log_directory), S_IFDIR, false },
#undef FILE_
};

static const uint32_t secret_roles[SECRETS] = {
	[SECRET_VERDICT] = ROLE_BIT(SCAN) | ROLE_BIT(STORE) | ROLE_BIT(QUEUE) |
		ROLE_BIT(LOCAL),
	[SECRET_GRANT] = ROLE_BIT(AUTH) | ROLE_BIT(QUEUE) | ROLE_BIT(LOCAL),
};

static const enum role service_roles[SERVICES] = {
	[SERVICE_MX] = MX,
	[SERVICE_SUBMISSIONS] = SUBMISSION,
	[SERVICE_SUBMISSION] = SUBMISSION,
	[SERVICE_IMAPS] = LOGIN,
	[SERVICE_LOCAL] = LOCAL,
	[SERVICE_LMTP] = LOCAL,
};

static void
tell(struct process *p, const void *message, int fd)
{
	const struct fault *f = channel_send(p->channel, message, fd);

	if (f == &fault_ipc_busy && p->pid > 0)
		kill(p->pid, SIGKILL);
}

static void
tell_plain(struct process *p, enum message_type type)
{
	struct plain message = { .head = { .type = type } };

	tell(p, &message, -1);
}

void
give_go(struct process *p)
{
	tell_plain(p, GO);
}

void
give_stop(struct process *p)
{
	tell_plain(p, STOP);
}

/* --- files --------------------------------------------------------------- */

void
give_file(struct process *p, enum file_purpose purpose, int fd)
{
	struct file_given m = { .head = { .type = FILE_GIVEN },
		.purpose = purpose };

	if (fd >= 0)
		tell(p, &m, fd);
}

/* A pipe or device in a file's place does not hold master up, and a link does
 * not lead elsewhere. */
static int
open_given(const char *path, mode_t type, const char **why)
{
	OWNED(fd_close) int fd = open(path,
		O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		*why = errno == ELOOP ? "it is a link: name the file itself"
				      : strerror(errno);
		return -1;
	}
	if ((st.st_mode & S_IFMT) == type)
		return fd_give(&fd);
	*why = type == S_IFDIR ? "it is no directory" : "it is no regular file";
	return -1;
}

static void
give_row(const struct master *m, struct process *p, const struct file_row *row)
{
	const char *path = (const char *)&m->site + row->path, *why;
	OWNED(fd_close) int fd = -1;

	if (!*path)
		return;
	fd = open_given(path, row->type, &why);
	give_file(p, row->purpose, fd);
	if (fd >= 0)
		return;
	fprintf(stderr, "posthold: %s does not get %s: %s\n",
		role_name(p->role), path, why);
	LOG(EV_FILE_UNUSABLE, 0, log_text(span_of(role_name(p->role))),
		log_text(span_of(path)), log_text(span_of(why)));
}

/* Where auth may add what must not be forgotten (state/users/burnt.h): each write
 * is on the disk when it returns, and none changes another. */
static void
give_burnt(const struct master *m, struct process *p)
{
	char path[sizeof m->site.users + sizeof ".burnt"];
	OWNED(fd_close) int fd = -1;

	snprintf(path, sizeof path, "%s.burnt", m->site.users);
	fd = open(path, O_RDWR | O_APPEND | O_DSYNC | O_CREAT | O_NOFOLLOW |
			O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	give_file(p, FILE_BURNT, fd);
	if (fd < 0)
		LOG(EV_FILE_UNUSABLE, 0, log_text(span_of(role_name(p->role))),
			log_text(span_of(path)),
			log_text(span_of(strerror(errno))));
}

static void
give_files(const struct master *m, struct process *p, bool again)
{
	for (size_t i = 0; i < COUNT_OF(files); i++)
		if ((files[i].roles & ROLE_BIT(p->role)) &&
			(!again || files[i].again))
			give_row(m, p, &files[i]);
	if (p->role == AUTH)
		give_burnt(m, p);
}

static void
give_secrets(const struct master *m, struct process *p)
{
	for (uint32_t kind = 1; kind < SECRETS; kind++) {
		struct secret_given s = { .head = { .type = SECRET_GIVEN },
			.kind = kind };

		if (!(secret_roles[kind] & ROLE_BIT(p->role)))
			continue;
		memcpy(s.key, m->secrets[kind], sizeof s.key);
		tell(p, &s, -1);
		explicit_bzero(&s, sizeof s);
	}
}

/* --- sockets ------------------------------------------------------------- */

static void
give_socket(struct process *p, int fd, uint32_t permit, uint32_t control)
{
	struct listen_given l = { .head = { .type = LISTEN_GIVEN },
		.permit = permit,
		.control = control };

	if (fd >= 0)
		tell(p, &l, fd);
}

static void
give_sockets(struct master *m, struct process *p)
{
	for (uint32_t i = 0; i < m->site.permits_count; i++)
		if (service_roles[m->site.permits[i].service] == p->role)
			give_socket(p, m->sockets.fd[i], i, 0);
	for (uint32_t i = 0; p->role == LOCAL && i < LOCAL_SOCKETS; i++)
		give_socket(p, m->local_sockets[i], SOCKET_SMTP + i, 0);
	give_socket(p, m->controls[p->role], 0, 1);
}

void
give_listener(struct master *m, uint32_t permit)
{
	enum role role = service_roles[m->site.permits[permit].service];

	give_socket(&m->processes[role], m->sockets.fd[permit], permit, 0);
}

void
give_listener_end(struct master *m, uint32_t permit)
{
	enum role role = service_roles[m->site.permits[permit].service];
	struct listen_ended end = { .head = { .type = LISTEN_ENDED },
		.permit = permit };

	tell(&m->processes[role], &end, -1);
}

/* --- links --------------------------------------------------------------- */

static void
give_link(struct process *p, int fd, const struct process *peer)
{
	struct link_given l = { .head = { .type = LINK_GIVEN },
		.role = peer->role,
		.instance = peer->instance,
		.account = peer->account,
		.epoch = peer->epoch };

	tell(p, &l, fd);
}

static void
link_both(struct process *p, struct process *q)
{
	int pair[2];

	if (q == p || !q->channel || !rights_linked(p->role, q->role) ||
		fd_channel_pair(pair))
		return;
	give_link(p, pair[0], q);
	give_link(q, pair[1], p);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

/* Row LOG is given before all else. */
static void
give_links(struct master *m, struct process *p)
{
	for (size_t i = 0; i < PROCESSES; i++)
		if (i != LOG)
			link_both(p, &m->processes[i]);
}

/* --- all of it ----------------------------------------------------------- */

static void
give_site(struct master *m, struct process *p)
{
	struct site_given s = { .head = { .type = SITE_GIVEN },
		.generation = m->generation };

	tell(p, &s, m->site_fd);
}

void
give_settings_to_all(struct master *m)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		struct process *p = &m->processes[i];

		if (!p->channel)
			continue;
		give_site(m, p);
		give_files(m, p, true);
	}
}

void
give_all(struct master *m, struct process *p)
{
	give_site(m, p);
	link_both(p, &m->processes[LOG]);
	give_file(p, FILE_NETNS, m->netns);
	give_file(p, FILE_EMPTY_ROOT, m->empty_root);
	give_files(m, p, false);
	give_secrets(m, p);
	give_sockets(m, p);
	give_links(m, p);
}

void
give_session(struct process *p, const struct session_open *s, int stream)
{
	struct session_given given = { .head = { .type = SESSION_GIVEN,
					       .session = s->head.session },
		.account = s->account,
		.login_len = s->login_len };

	memcpy(given.login, s->login, sizeof given.login);
	tell(p, &given, -1);
	give_file(p, FILE_SESSION, stream);
}
