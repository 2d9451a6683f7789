// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What libfuse's low-level interface costs for the same work without BPF: a file `info` of given contents, made anew at each open as ours is, and a
 * directory `list` of COUNT directories.
 *
 *   fuse-files CONTENTS COUNT [-s] DIR     -s: one thread, fuse_session_loop; else fuse_session_loop_mt
 */
#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, INFO = 2, LIST = 3, FIRST = 16 };

static char contents[1 << 16];
static size_t contents_size;
static unsigned long entry_cnt;

static int fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_nlink = 1;
	if (ino == INFO) {
		st->st_mode = S_IFREG | 0644;
		st->st_size = contents_size;
	} else if (ino == ROOT || ino == LIST || (ino >= FIRST && ino < FIRST + entry_cnt)) {
		st->st_mode = S_IFDIR | 0755;
	} else {
		return -1;
	}
	return 0;
}

static void fill_entry(fuse_ino_t ino, struct fuse_entry_param *e)
{
	memset(e, 0, sizeof(*e));
	e->ino = ino;
	e->attr_timeout = 1;
	e->entry_timeout = 1;
	fill(ino, &e->attr);
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e;
	fuse_ino_t ino = 0;

	if (parent == ROOT && !strcmp(name, "info"))
		ino = INFO;
	else if (parent == ROOT && !strcmp(name, "list"))
		ino = LIST;
	else if (parent == LIST)
		ino = FIRST + strtoul(name, NULL, 10);
	fill_entry(ino, &e);
	if (!e.attr.st_mode)
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_entry(req, &e);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (fill(ino, &st))
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_attr(req, &st, 1);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	char *copy = malloc(contents_size);

	(void)ino;
	memcpy(copy, contents, contents_size);
	fi->fh = (unsigned long)copy;
	fi->direct_io = 1;
	fi->noflush = 1;
	fuse_reply_open(req, fi);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)ino;
	if ((size_t)off >= contents_size)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, (char *)fi->fh + off, size < contents_size - off ? size : contents_size - off);
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	free((void *)fi->fh);
	fuse_reply_err(req, 0);
}

static void list(fuse_req_t req, size_t size, off_t off, int plus)
{
	char *buffer = malloc(size), name[32];
	size_t used = 0;

	for (unsigned long i = off; i < entry_cnt; i++) {
		struct fuse_entry_param e;
		size_t length;

		snprintf(name, sizeof(name), "%lu", i);
		fill_entry(FIRST + i, &e);
		if (plus)
			length = fuse_add_direntry_plus(req, buffer + used, size - used, name, &e, i + 1);
		else
			length = fuse_add_direntry(req, buffer + used, size - used, name, &e.attr, i + 1);
		if (length > size - used)
			break;
		used += length;
	}
	fuse_reply_buf(req, buffer, used);
	free(buffer);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	if (ino == LIST)
		list(req, size, off, 0);
	else
		fuse_reply_buf(req, NULL, 0);
}

static void do_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	if (ino == LIST)
		list(req, size, off, 1);
	else
		fuse_reply_buf(req, NULL, 0);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = do_lookup, .getattr = do_getattr, .open = do_open, .read = do_read, .release = do_release,
	.readdir = do_readdir, .readdirplus = do_readdirplus,
};

int main(int argc, char **argv)
{
	int single = argc == 5 && !strcmp(argv[3], "-s");
	char *fuse_argv[] = { argv[0], "-oallow_other,default_permissions", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, fuse_argv);
	struct fuse_session *session;
	FILE *file;

	if (argc != 4 + single || !(file = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: fuse-files CONTENTS COUNT [-s] DIR\n");
		return 2;
	}
	contents_size = fread(contents, 1, sizeof(contents), file);
	fclose(file);
	entry_cnt = strtoul(argv[2], NULL, 10);
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[argc - 1]))
		return 1;
	if (single) {
		fuse_session_loop(session);
	} else {
		struct fuse_loop_config config = { .clone_fd = 0, .max_idle_threads = 10 };

		fuse_session_loop_mt(session, &config);
	}
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	return 0;
}
