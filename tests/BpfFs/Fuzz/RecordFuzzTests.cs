using System.Runtime.InteropServices;
using System.Text.Json;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Tests.Objects;
using BpfFs.Tests.View;
using Iterators;
using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>Any bytes as a record: what comes out of them is clean text and JSON all the same, and nothing is thrown.</summary>
public sealed class RecordFuzzTests
{
    private static readonly NetNames s_names = new(Fakes.Context());
    private const int Kinds = 5, Size = 8192;

    [Fact]
    public void Any_bytes_as_a_record()
    {
        int rounds = Fuzzing.Rounds(20_000);
        Assert.Equal(rounds, Fuzzing.Run(rounds, Make, FailureOf));
    }

    /// <summary>The first byte is the kind. Bytes are noise, or a few values over and over, so that texts end and do not.</summary>
    private static byte[] Make(int number)
    {
        Random random = new((Fuzzing.Seed * 1_000_003) + number);
        byte[] input = new byte[Size];
        random.NextBytes(input);
        if (random.Next(3) == 0) input.AsSpan().Fill((byte)random.Next(256));
        for (int i = random.Next(60); i > 0; i--) input.AsSpan(random.Next(Size - 16), random.Next(16)).Fill((byte)(random.Next(3) == 0 ? 0 : random.Next(40)));
        input[0] = (byte)random.Next(Kinds);
        return input;
    }

    private static string? FailureOf(byte[] input)
    {
        if (input.Length == 0) return null;
        byte[] bytes = new byte[Size];
        input.AsSpan(1).CopyTo(bytes);
        switch (input[0] % Kinds)
        {
            case 0:
                prog_record prog = MemoryMarshal.Read<prog_record>(bytes);
                prog.func_info_cnt &= 7; // how often it asks
                return FailureOf(Prog.Fields, new Prog { Record = ref prog, MapIds = MemoryMarshal.Cast<byte, uint>(bytes)[..(bytes[7] % 64)], Functions = Samples.Functions });
            case 1:
                map_record map = MemoryMarshal.Read<map_record>(bytes);
                MapFdInfo fdInfo = MemoryMarshal.Read<MapFdInfo>(bytes.AsSpan(4096));
                return FailureOf(Map.Fields, new Map { Record = ref map, FdInfo = ref fdInfo });
            case 2:
                link_record link = MemoryMarshal.Read<link_record>(bytes);
                if ((bytes[100] & 1) != 0) link.type %= 16;
                bpf_link_info info = MemoryMarshal.Read<bpf_link_info>(bytes.AsSpan(4096));
                return FailureOf(Link.Fields, new Link { Record = ref link, Info = ref info, Name = bytes.AsSpan(5000, bytes[1]), CgroupPath = bytes.AsSpan(6000, bytes[2]) });
            case 3:
                task_record task = MemoryMarshal.Read<task_record>(bytes);
                task.cgroup_id = 0; // else a walk of all cgroups
                return FailureOf(BpfFs.Tasks.TaskStatus.Fields, task);
            default:
                unix_record unix = MemoryMarshal.Read<unix_record>(bytes);
                unix.sock = default; // names of programs and cgroups: asked of the kernel
                return FailureOf(UnixFields.All, new NetEntry<unix_record>(ref unix, s_names));
        }
    }

    private static string? FailureOf<T>(Field<T>[] fields, T value)
        where T : allows ref struct
    {
        using Text.Holder text = new();
        FieldFiles.WriteInfo(fields, value, text.Buffer);
        Text.AssertSafe(text.Buffer.Written, "\n\t");
        int lines = text.Buffer.Written.Count((byte)'\n'), present = 0;
        foreach (Field<T> field in fields) present += field.IsPresent(value) ? 1 : 0;
        if (lines != present) return $"{lines} lines of {present} fields";
        text.Buffer.Clear();
        Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(fields, value, json);
        json.Flush();
        using JsonDocument document = JsonDocument.Parse(text.Buffer.Written.ToArray());
        return document.RootElement.EnumerateObject().Count() == present ? null : "JSON lacks a field";
    }
}
