/* What etc/ says is what the programs mean.  Runs in the root of the tree. */
#include <fcntl.h>

#include "lib/base/number.h"
#include "lib/base/test.h"
#include "lib/conf/conf.h"
#include "lib/conf/schema.h"
#include "sys/fd.h"
#include "trust/roles.h"

static uint8_t storage[KiB(32)];

static struct span
read_file(const char *path)
{
	OWNED(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf b = BUF(storage);

	CHECK(fd >= 0);
	CHECK_OK(fd_read_whole(fd, &b));
	return buf_view(&b);
}

TEST(the_sample_is_a_good_settings_file)
{
	static struct conf_errors errors;
	static struct site site;
	const struct instant now = { 1795509000 * SECONDS(1) };

	CHECK_OK(conf_parse(read_file("etc/posthold.conf"), now, &site,
		&errors));
	CHECK_NUMBER(errors.count, 0);
	CHECK_NUMBER(site.permits_count, 4);
	CHECK_NUMBER(site.production, 1);
}

TEST(the_sample_of_a_host_that_only_sends_is_a_good_settings_file)
{
	static struct conf_errors errors;
	static struct site site;
	const struct instant now = { 1795509000 * SECONDS(1) };

	CHECK_OK(conf_parse(read_file("etc/posthold-local.conf"), now, &site,
		&errors));
	CHECK_NUMBER(errors.count, 0);
	CHECK_NUMBER(site.role, SITE_LOCAL);
	CHECK_NUMBER(site.smarthosts_count, 2);
}

TEST(the_fuzz_dictionary_has_every_setting)
{
	struct span text = read_file("lib/conf/conf_fuzz.dict");

	for (size_t i = 0; i < settings_count(); i++) {
		uint8_t line[64];
		struct buf b = BUF(line);

		test_row = setting_row(i)->name;
		CHECK(buf_push(&b, '"') && buf_put_text(&b, test_row) &&
			buf_put_text(&b, "\"\n"));
		CHECK(span_find(text, buf_view(&b)) < text.len);
	}
}

TEST(every_role_has_an_account)
{
	struct span text = read_file("etc/sysusers.conf");

	for (enum role r = LOG; r < CTL; r++) {
		uint8_t line[64];
		struct buf b = BUF(line);

		test_row = role_name(r);
		CHECK(buf_put_text(&b, "\nu ") &&
			buf_put_text(&b, role_row(r)->user) &&
			buf_push(&b, ' '));
		CHECK(span_find(text, buf_view(&b)) < text.len);
	}
}
