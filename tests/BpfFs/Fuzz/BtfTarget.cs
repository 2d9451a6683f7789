using System.Text;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using BpfFs.Tests.Rendering;
using Iterators;
using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>
/// BTF that somebody made to hurt. In process: what libbpf takes, ends in values that are JSON, of at most the size that was promised, and in clean
/// prototypes and lines. Through the kernel, as root: what bpf(2) takes, is written as clean C.
/// </summary>
public static class BtfTarget
{
    private const int ValueSize = 64;
    private static readonly uint s_root;
    [ThreadStatic]
    private static byte[]? t_words;

    /// <summary>Every kind of type.</summary>
    internal static byte[] Good { get; } = Make(out s_root);

    /// <summary>How many inputs libbpf took.</summary>
    internal static int Parsed { get; private set; }

    /// <summary>How many the kernel took.</summary>
    internal static int Loaded { get; private set; }

    public static FuzzTarget Target { get; } = new("btf", "tests/BpfFs/Fuzz/btf.txt", input => ValueFailureOf(input) ?? (Environment.IsPrivilegedProcess ? DumpFailureOf(input) : null));

    /// <summary>Where something is the kernel's, it wants more than is right here (a kptr points to a type of its own).</summary>
    internal static byte[] ForKernel(byte[] btf)
    {
        foreach (string name in (string[])["kptr", "bpf_spin_lock"])
        {
            int at = btf.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name));
            if (at >= 0) btf = [.. btf[..at], (byte)'x', .. btf[(at + 1)..]];
        }
        return btf;
    }

    internal static string? ValueFailureOf(byte[] input)
    {
        using Btf? btf = Btf.TryParse(input, out _);
        if (btf is null) return null;
        Parsed++;
        byte[] value = new byte[ValueSize];
        for (int i = 0; i < ValueSize; i++) value[i] = (byte)(i * 37);
        foreach (uint root in (uint[])[s_root, 1, 5, 9])
        {
            foreach (bool asBpftool in (bool[])[false, true])
            {
                using Text.Holder text = new();
                ValueNode node = ValueFormat.Make(btf, root, value.Length, asBpftool);
                foreach ((int offset, int length) in ValueFormat.KernelRanges(btf, root, value.Length))
                {
                    if (offset < 0 || length < 0 || offset + length > value.Length) return $"type {root}: hides {length} bytes at {offset}";
                }
                node.Write(value, text.Buffer);
                if (text.Buffer.Length > node.Ceiling) return $"type {root}: {text.Buffer.Length} bytes, at most {node.Ceiling} were promised";
                Text.AssertJson(Encoding.UTF8.GetBytes(Text.Of(text.Buffer)));
            }
        }
        for (uint type = 1; btf.Kind(type) != BtfKind.Void; type++)
        {
            using Text.Holder text = new();
            FunctionText.AppendHeader(btf, type, text.Buffer);
            FunctionText.AppendLine(btf, new bpf_line_info { file_name_off = type, line_off = type * 7, line_col = type * 1000 }, text.Buffer);
            Text.AssertSafe(text.Buffer.Written, "\n");
        }
        return null;
    }

    internal static string? DumpFailureOf(byte[] input)
    {
        using Support.Descriptor? btf = TryLoad(ForKernel(input), out _);
        if (btf is null) return null;
        Loaded++;
        Dump(btf, out byte[] text); // libbpf may be stricter than the kernel: what it wrote is looked at all the same
        Text.AssertSafe(text, "\n\t");
        return null;
    }

    /// <summary>All its types as C; 0 or the first errno.</summary>
    internal static int Dump(Support.Descriptor btf, out byte[] text)
    {
        string id = File.ReadLines($"/proc/self/fdinfo/{btf.Fd}").Single(l => l.StartsWith("btf_id:", StringComparison.Ordinal)).Split('\t')[1];
        List<byte> written = [];
        int errno = BtfDump.Open(uint.Parse(id, null), piece => written.AddRange(piece), out BtfDump? dump);
        using (dump)
        {
            for (uint type = dump?.First ?? 0; dump is not null && type < dump.Count; type++)
            {
                int failed = dump.DumpType(type);
                if (errno == 0) errno = failed;
            }
        }
        text = [.. written];
        return errno;
    }

    internal static unsafe Support.Descriptor? TryLoad(byte[] btf, out string log)
    {
        byte[] words = t_words ??= new byte[1 << 20]; // the kernel says ENOSPC where they do not fit
        fixed (byte* data = btf, said = words)
        {
            Support.Bpf.words_attr attr = default;
            attr.words[0] = (uint)(ulong)data;
            attr.words[1] = (uint)((ulong)data >> 32);
            attr.words[2] = (uint)(ulong)said;
            attr.words[3] = (uint)((ulong)said >> 32);
            attr.words[4] = (uint)btf.Length;
            attr.words[5] = (uint)words.Length;
            attr.words[6] = 1; // btf, btf_log_buf, btf_size, btf_log_size, btf_log_level
            int fd = Support.Bpf.Try(Support.Bpf.BPF_BTF_LOAD, ref attr);
            log = $"{fd}: {Encoding.UTF8.GetString(words.AsSpan(0, words.AsSpan().IndexOf((byte)0)))}";
            return fd < 0 ? null : new Support.Descriptor(fd);
        }
    }

    private static byte[] Make(out uint root)
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4, BtfBuilder.Signed), letter = builder.Int("char", 1, BtfBuilder.Char), wide = builder.Int("__int128", 16);
        uint point = builder.Struct("point", 8, new Member("x", number, 0), new Member("y", number, 32));
        uint colour = builder.Enum("colour", 4, true, ("RED", 0), ("BLUE", -1));
        uint big = builder.Enum64("wide", false, ("BIG", long.MaxValue));
        uint bits = builder.Struct("bits", 4, new Member("a", number, 0, 3), new Member("b", number, 3, 29));
        uint real = builder.Float("double", 8);
        uint lockType = builder.Struct("bpf_spin_lock", 4, new Member("val", number, 0));
        root = builder.Struct("all", ValueSize,
            new Member("at", builder.Array(point, 1, number), 0), new Member("text", builder.Array(letter, 8, number), 64), new Member("colour", builder.Typedef("c", builder.Const(builder.Volatile(colour))), 128),
            new Member("lock", lockType, 160), new Member("wide", big, 192), new Member("next", builder.Ptr(builder.TypeTag("kptr", point)), 256),
            new Member("either", builder.Union("u", 4, new Member("n", number, 0), new Member("l", letter, 0)), 320), new Member("bits", bits, 352), new Member("real", real, 384));
        builder.Datasec(".data", 4, (builder.Var("v", number), 0, 4));
        uint later = builder.Ptr(builder.Fwd("later")), prototype = builder.Prototype(number, ("at", later), ("real", builder.Const(real)));
        builder.Ptr(prototype);
        builder.Function("work", prototype);
        _ = wide;
        return builder.Bytes();
    }
}
