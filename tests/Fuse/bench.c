// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// gcc -O2 -o bench bench.c && ./bench FILE READERS SECONDS: open+read+close in a loop, what each costs and how many all did a second.
// Each reader has a file of its own, FILE0 to FILE7: several of one file wait for the lock of its page.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static long loop(const char *path, double seconds)
{
	static char buffer[1 << 16];
	double end = now() + seconds;
	long done = 0;

	while (now() < end) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, buffer, sizeof(buffer)) < 0) {
			perror(path);
			exit(1);
		}
		close(fd);
		done++;
	}
	return done;
}

int main(int argc, char **argv)
{
	int readers = argc > 2 ? atoi(argv[2]) : 1;
	double seconds = argc > 3 ? atof(argv[3]) : 2;
	long total = 0;
	int ends[2];

	if (argc < 2 || pipe(ends))
		return 2;
	for (int i = 0; i < readers; i++) {
		if (fork() == 0) {
			char path[4096];
			long done;

			snprintf(path, sizeof(path), "%s%d", argv[1], i % 8);
			done = loop(path, seconds);

			return write(ends[1], &done, sizeof(done)) != sizeof(done);
		}
	}
	for (int i = 0; i < readers; i++) {
		long done = 0;

		if (read(ends[0], &done, sizeof(done)) == sizeof(done))
			total += done;
	}
	while (wait(NULL) > 0)
		;
	printf("%d readers: %.1f us each, %.0f/s in all\n", readers, seconds * 1e6 * readers / total, total / seconds);
	return 0;
}
