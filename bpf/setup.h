/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs are told of the machine. The loader fills it in before the load (BpfObject.cs), so the verifier knows the numbers and no program has to be run for them. */
#ifndef BPFFS_VIEW_SETUP_H
#define BPFFS_VIEW_SETUP_H

#include "kernel.h"
#include "records.h"

const volatile struct setup_record setup SEC(".rodata.setup") = { .reads_memory = 1 };

#endif
