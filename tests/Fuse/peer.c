// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// gcc -O2 -o peer peer.c $(pkg-config --cflags --libs fuse3) && ./peer -f MOUNTPOINT: what the figures are held against, files "hello0" to "hello7" of 13 bytes on
// libfuse's low level, with its thread pool, the same timeouts and open flags as the sample file system.
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>

#define FILES 8

static const char content[] = "hello, world\n";

static int fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0444;
	st->st_nlink = 1;
	st->st_size = ino == 1 ? 0 : sizeof(content) - 1;
	return ino > FILES + 1;
}

static void lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .attr_timeout = 1, .entry_timeout = 1 };

	if (parent != 1 || strlen(name) != 6 || strncmp(name, "hello", 5) || name[5] < '0' || name[5] >= '0' + FILES) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	e.ino = 2 + name[5] - '0';
	fill(e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

static void get_attr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (fill(ino, &st))
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_attr(req, &st, ino == 1 ? 3600 : 1);
}

static void open_file(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fi->fh = ino;
	fi->noflush = 1;
	fuse_reply_open(req, fi);
}

static void read_file(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	size_t rest = (size_t)off < sizeof(content) - 1 ? sizeof(content) - 1 - off : 0;

	(void)ino;
	(void)fi;
	fuse_reply_buf(req, content + off, rest < size ? rest : size);
}

static const struct fuse_lowlevel_ops ops = { .lookup = lookup, .getattr = get_attr, .open = open_file, .read = read_file };

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct fuse_cmdline_opts opts;
	struct fuse_loop_config config = { .max_idle_threads = 10 };
	struct fuse_session *session;

	if (fuse_parse_cmdline(&args, &opts) || !opts.mountpoint)
		return 2;
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, opts.mountpoint))
		return 1;
	config.clone_fd = opts.clone_fd;
	fuse_session_loop_mt(session, &config);
	fuse_session_unmount(session);
	return 0;
}
