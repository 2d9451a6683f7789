using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Objects.Code;
using BpfFs.Tasks;
using BpfFs.Tests.Code;
using BpfFs.Tests.Objects;
using BpfFs.Tests.View;
using Iterators;
using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>Records into the renderers. An input's first byte is the kind, the rest what the kernel would have written; what is missing is 0.</summary>
public static class RecordTarget
{
    private static readonly NetNames s_names = new(Fakes.Context());
    private static readonly FakeNames s_noNames = new();

    private static readonly Kind[] s_kinds =
    [
        (ref Bytes from) =>
        {
            prog_record prog = from.Take<prog_record>();
            prog.func_info_cnt &= 7; // how often it asks
            return FailureOf(Prog.Fields, new Prog { Record = ref prog, MapIds = MemoryMarshal.Cast<byte, uint>(from.Take(from.Take<byte>())), Functions = Samples.Functions });
        },
        (ref Bytes from) =>
        {
            map_record map = from.Take<map_record>();
            MapFdInfo fdInfo = from.Take<MapFdInfo>();
            return FailureOf(Map.Fields, new Map { Record = ref map, FdInfo = ref fdInfo });
        },
        (ref Bytes from) =>
        {
            link_record link = from.Take<link_record>();
            bpf_link_info info = from.Take<bpf_link_info>();
            return FailureOf(Link.Fields, new Link { Record = ref link, Info = ref info, Name = from.Take(from.Take<byte>()), CgroupPath = from.Take(from.Take<byte>()) });
        },
        (ref Bytes from) =>
        {
            task_record task = from.Take<task_record>();
            task.cgroup_id = 0; // else a walk of all cgroups
            return FailureOf(BpfFs.Tasks.TaskStatus.Fields, task);
        },
        (ref Bytes from) => FailureOf(TcpFields.V4, WithoutLookups(from.Take<tcp_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(TcpFields.V6, WithoutLookups(from.Take<tcp_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(UdpFields.V4, WithoutLookups(from.Take<udp_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(UdpFields.Quic, WithoutLookups(from.Take<udp_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(UnixFields.All, WithoutLookups(from.Take<unix_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(NetlinkFields.All, WithoutLookups(from.Take<netlink_record>(), static (ref r) => ref r.sock)),
        (ref Bytes from) => FailureOf(RouteFields.All, from.Take<route6_record>()),
        (ref Bytes from) => FailureOf(OwnerFields.All, from.Take<sock_owner_record>()),
        (ref Bytes from) =>
        {
            task_file_record file = from.Take<task_file_record>();
            byte[] path = [.. from.Take(from.Take<byte>()), 0];
            return FailureOf(Text.Bytes(to => TaskFiles.Append(to, file, path)), 1);
        },
        (ref Bytes from) =>
        {
            task_vma_record vma = from.Take<task_vma_record>();
            byte[] name = [.. from.Take(from.Take<byte>())];
            return FailureOf(Text.Bytes(to => TaskVmas.Append(to, vma, name)), 1);
        },
        (ref Bytes from) =>
        {
            Insn instruction = new(from.Take<ulong>());
            return FailureOf(Text.Bytes(to => InsnText.Append(instruction, to)), 0);
        },
        (ref Bytes from) =>
        {
            bool isBlinded = from.Take<byte>() != 0;
            byte[] code = [.. from.Take(64)];
            byte[] text = Text.Bytes(to => new MachineText(new KnownMaps([], []), s_noNames, isBlinded).Append(0, new MachineFunction { Code = code }, [], null, to));
            Text.AssertSafe(text, "\n\t");
            int lines = text.Count(b => b == (byte)'\n');
            return lines >= (code.Length + 14) / 15 && lines <= code.Length ? null : $"{lines} instructions in {code.Length} bytes";
        },
    ];

    private delegate string? Kind(ref Bytes from);

    private delegate ref sock_record SockOf<T>(ref T record);

    public static FuzzTarget Target { get; } = new("records", "tests/BpfFs/Fuzz/records.txt", input =>
    {
        Bytes from = new(input);
        return s_kinds[from.Take<byte>() % s_kinds.Length](ref from);
    });

    /// <summary>How many kinds there are.</summary>
    public static int Kinds => s_kinds.Length;

    /// <summary>A socket's names of programs and cgroups are asked of the kernel: none.</summary>
    private static T WithoutLookups<T>(T record, SockOf<T> sockOf)
    {
        ref sock_record sock = ref sockOf(ref record);
        (sock.cgroup_id, sock.prog_mask, sock.storage_cnt) = (0, 0, 0);
        return record;
    }

    /// <summary>A line of a table, and the same as one object.</summary>
    private static string? FailureOf<T>(Field<NetEntry<T>>[] fields, T record)
        where T : unmanaged
    {
        NetEntry<T> entry = new(in record, s_names);
        using Text.Holder text = new();
        Columns.WriteLine(fields, entry, text.Buffer);
        return FailureOf(text.Buffer.Written, 1) ?? FailureOf(fields, entry);
    }

    private static string? FailureOf<T>(Field<T>[] fields, T value)
        where T : allows ref struct
    {
        using Text.Holder text = new();
        FieldFiles.WriteInfo(fields, value, text.Buffer);
        int present = 0;
        foreach (Field<T> field in fields) present += field.IsPresent(value) ? 1 : 0;
        if (FailureOf(text.Buffer.Written, present) is { } failure) return failure;
        text.Buffer.Clear();
        Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(fields, value, json);
        json.Flush();
        return Text.AssertJson(text.Buffer.Written).EnumerateObject().Count() == present ? null : "JSON lacks a field";
    }

    private static string? FailureOf(ReadOnlySpan<byte> text, int lines)
    {
        Text.AssertSafe(text, "\n\t");
        int found = text.Count((byte)'\n');
        return found == lines ? null : $"{found} lines, not {lines}";
    }

    /// <summary>What is left of an input.</summary>
    private ref struct Bytes(ReadOnlySpan<byte> all)
    {
        private ReadOnlySpan<byte> _left = all;

        /// <summary>As many as there are, at most these.</summary>
        public ReadOnlySpan<byte> Take(int length)
        {
            ReadOnlySpan<byte> taken = _left[..Math.Min(length, _left.Length)];
            _left = _left[taken.Length..];
            return taken;
        }

        public T Take<T>()
            where T : unmanaged
        {
            T value = default;
            Take(Unsafe.SizeOf<T>()).CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref value)));
            return value;
        }
    }
}
