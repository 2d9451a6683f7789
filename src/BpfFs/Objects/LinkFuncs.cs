using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>The functions of links that are attached to several (kprobe_multi, uprobe_multi, tracing_multi). They are read when they are shown.</summary>
internal abstract class LinkFuncs
{
    /// <summary>Each of them; fewer if they cannot all be read.</summary>
    public abstract List<link_func_record> Of(in Link link);

    /// <summary>
    /// The list, with the keys of newer bpftools but for the address: <c>func</c> (absent: without a symbol) and <c>module</c>, or of uprobes <c>offset</c> and
    /// <c>ref_ctr_offset</c>; <c>cookie</c>. As text: <c>vfs_read, nf_hook [nf] cookie:7</c>, <c>0x1139 ref_ctr:0x4010</c>.
    /// </summary>
    public static void Write(in Link link, in ValueWriter to)
    {
        List<link_func_record> funcs = link.Funcs!.Of(link);
        bool isFile = link.Record.type == LinkType.UprobeMulti;
        if (to.Json is { } json) json.WriteStartArray();
        for (int i = 0; i < funcs.Count; i++)
        {
            link_func_record func = funcs[i];
            if (to.Json is not null)
            {
                WriteJson(to.Json, func, isFile);
                continue;
            }
            if (i > 0) to.Buffer.Append(", "u8);
            AppendText(func, isFile, to.Buffer);
        }
        to.Json?.WriteEndArray();
    }

    private static void AppendText(in link_func_record func, bool isFile, TextBuffer to)
    {
        if (isFile) AppendOffset("0x"u8, func.offset, to);
        else if (func.name.Text.IsEmpty) to.Append((byte)'?');
        else to.AppendText(func.name.Text);
        if (func.ref_ctr_offset != 0) AppendOffset(" ref_ctr:0x"u8, func.ref_ctr_offset, to);
        if (!Link.ShowsCookie(func.cookie)) return;
        to.Append(" cookie:"u8);
        to.Append(func.cookie);
    }

    private static void AppendOffset(ReadOnlySpan<byte> name, ulong offset, TextBuffer to)
    {
        to.Append(name);
        to.AppendHex(offset);
    }

    private static void WriteJson(System.Text.Json.Utf8JsonWriter json, in link_func_record func, bool isFile)
    {
        json.WriteStartObject();
        if (isFile)
        {
            json.WriteNumber("offset"u8, func.offset);
            json.WriteNumber("ref_ctr_offset"u8, func.ref_ctr_offset);
        }
        else if (!func.name.Text.IsEmpty)
        {
            ReadOnlySpan<byte> name = func.name.Text;
            int module = name.IndexOf(" ["u8); // the kernel's "function [module]"
            json.WritePropertyName("func"u8);
            Json.WriteText(json, module < 0 ? name : name[..module]);
            json.WritePropertyName("module"u8);
            if (module < 0) json.WriteNullValue();
            else Json.WriteText(json, name[(module + 2)..].TrimEnd((byte)']'));
        }
        json.WriteNumber("cookie"u8, Link.ShowsCookie(func.cookie) ? func.cookie : 0);
        json.WriteEndObject();
    }
}

/// <summary>The functions as the kernel has them: a BPF program reads one at a time (bpf/one.h, link_func).</summary>
internal sealed class KernelLinkFuncs(ViewContext context) : LinkFuncs
{
    private const uint Most = 1 << 20; // MAX_KPROBE_MULTI_CNT, MAX_UPROBE_MULTI_CNT (kernel/trace/bpf_trace.c)

    public override List<link_func_record> Of(in Link link)
    {
        using Fd fd = OneObject.OpenLink(link.Record.id);
        return link.Record.type == LinkType.TracingMulti ? OfBtf(fd, link.Info) : OfProbes(fd, link.Record.func_cnt);
    }

    private List<link_func_record> OfProbes(in Fd fd, uint count)
    {
        List<link_func_record> funcs = [];
        for (uint i = 0; i < Math.Min(count, Most); i++)
        {
            if (context.Iterators.One.ReadLinkFunc(fd, i, out link_func_record func) != 0) break;
            funcs.Add(func);
        }
        return funcs;
    }

    private List<link_func_record> OfBtf(in Fd fd, in bpf_link_info info)
    {
        uint[] ids = new uint[Math.Min(info.tracing_multi_count, Most)];
        ulong[] cookies = new ulong[ids.Length];
        List<link_func_record> funcs = [];
        if (ids.Length == 0 || OneObject.ReadTracingMulti(fd, ids, cookies, out _) != 0) return funcs;
        using Fd btf = OneObject.OpenBtf(info.tracing_multi_btf_obj_id);
        for (int i = 0; i < ids.Length; i++)
        {
            _ = context.Iterators.One.ReadBtfName(btf, ids[i], out link_func_record func); // without the name, too
            func.cookie = cookies[i];
            funcs.Add(func);
        }
        return funcs;
    }
}
