using Iterators.Native;

namespace Iterators;

/// <summary>Whether BPF programs may read the kernel's memory by address, as nearly all of ours do.</summary>
public static unsafe class KernelMemory
{
    /// <summary>What forbids it, and nothing else that lets programs be loaded at all.</summary>
    public const string Forbidden = "BPF programs may not read the kernel's memory here (lockdown=confidentiality)";

    /// <summary>Asks the verifier about the smallest program that would. Without the privileges to load it: true, as that has another cause.</summary>
    public static bool IsReadable()
    {
        const int BPF_PROG_TYPE_TRACEPOINT = 5;
        ReadOnlySpan<ulong> instructions =
        [
            0x0000_0000_0000_a1bf, // r1 = r10
            0xffff_fff8_0000_0107, // r1 += -8
            0x0000_0008_0000_02b7, // r2 = 8
            0x0000_0000_0000_03b7, // r3 = 0
            0x0000_0071_0000_0085, // call bpf_probe_read_kernel
            0x0000_0000_0000_00b7, // r0 = 0
            0x0000_0000_0000_0095, // exit
        ];
        fixed (ulong* first = instructions)
        fixed (byte* license = "GPL"u8)
        {
            using Fd program = new(LibBpf.bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, null, license, first, (nuint)instructions.Length, null));
            return program.Errno != Tmds.Linux.LibC.EINVAL;
        }
    }
}
