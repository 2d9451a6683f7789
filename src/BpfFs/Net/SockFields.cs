using BpfFs.Objects;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Net;

/// <summary>The fields that several kinds of socket have.</summary>
/// <typeparam name="T">The record of the kind.</typeparam>
internal sealed class SockFields<T>(SockFields<T>.SockOf sock)
    where T : unmanaged
{
    public delegate ref readonly sock_record SockOf(in NetEntry<T> entry);

    /// <summary>uid, inode, references.</summary>
    public Field<NetEntry<T>>[] Identity =>
    [
        Number("uid", "user id of its owner, in the initial user namespace", 6, (in s) => s.uid),
        new("inode", "inode of the socket, as /proc/PID/fd has it; absent: no process has it open", (in r, in to) => to.Number(sock(r).inode), (in r) => sock(r).inode != 0) { Width = 8, IsNumber = true },
        Number("refcnt", "references of the kernel", 6, (in s) => s.refcnt, sock_known_flags.SOCK_HAS_REFCNT),
    ];

    public Field<NetEntry<T>>[] Queues(string received, string sent) =>
    [
        Number("rx_queue", received, 8, (in s) => s.rx_queue, sock_known_flags.SOCK_HAS_RX_QUEUE),
        Number("tx_queue", sent, 8, (in s) => s.tx_queue, sock_known_flags.SOCK_HAS_TX_QUEUE),
    ];

    public Field<NetEntry<T>> Drops => Number("drops", "datagrams dropped", 6, (in s) => s.drops, sock_known_flags.SOCK_HAS_DROPS);

    /// <summary>What /proc/net does not have.</summary>
    public Field<NetEntry<T>>[] Attached =>
    [
        new("cgroup", "path of its cgroup in the cgroup2 hierarchy", (in r, in to) => to.Text(r.Names.Cgroup(sock(r).cgroup_id)), (in r) => !r.Names.Cgroup(sock(r).cgroup_id).IsEmpty) { Width = 24 },
        new("progs", "BPF programs that hang on it: attachment:id:name", WriteProgs, (in r) => sock(r).prog_mask != 0) { Width = 5 },
        new("sk_storage", "sk_storage maps that have a value for it: id:name", WriteStorages, (in r) => sock(r).storage_cnt != 0) { Width = 10 },
    ];

    public delegate uint NumberOf(in sock_record sock);

    /// <summary>Whether this kernel tells it of the socket.</summary>
    public Field<NetEntry<T>>.Predicate Knows(sock_known_flags what) => (in r) => ((sock_known_flags)sock(r).known & what) != 0;

    private Field<NetEntry<T>> Number(string name, string meaning, int width, NumberOf value, sock_known_flags known = 0) =>
        new(name, meaning, (in r, in to) => to.Number(value(sock(r))), known == 0 ? null : Knows(known)) { Width = width, IsNumber = true };

    private void WriteProgs(in NetEntry<T> entry, in ValueWriter to)
    {
        ref readonly sock_record r = ref sock(entry);
        var list = new ReferenceList(to);
        for (int kind = 0; kind < NetWords.ProgKinds.Length; kind++)
        {
            if (((r.prog_mask >> kind) & 1) == 0) continue;
            uint id = r.progs[kind];
            list.Add(NetWords.ProgKinds[kind], id, id == 0 ? "classic"u8 : entry.Names.Prog(id));
        }
        list.End();
    }

    private void WriteStorages(in NetEntry<T> entry, in ValueWriter to)
    {
        ref readonly sock_record r = ref sock(entry);
        var list = new ReferenceList(to);
        ReadOnlySpan<uint> ids = r.storages;
        for (int i = 0; i < Math.Min((int)r.storage_cnt, ids.Length); i++) list.Add(default, ids[i], entry.Names.Map(ids[i]));
        if (r.storage_cnt > ids.Length) list.More();
        list.End();
    }
}

/// <summary>
/// A list of BPF objects: <c>filter:12:name,reuseport:13:name</c> as text, objects with <c>attach</c>, <c>id</c> and <c>name</c> in JSON.
/// </summary>
internal ref struct ReferenceList
{
    private readonly ValueWriter _to;
    private bool _hasAny;

    public ReferenceList(in ValueWriter to)
    {
        _to = to;
        to.Json?.WriteStartArray();
    }

    /// <param name="attach">How it hangs there; empty: it needs no word.</param>
    /// <param name="id">0: it has none.</param>
    /// <param name="name">May be empty.</param>
    public void Add(ReadOnlySpan<byte> attach, uint id, ReadOnlySpan<byte> name)
    {
        if (_to.Json is { } json)
        {
            json.WriteStartObject();
            if (!attach.IsEmpty) json.WriteString("attach"u8, attach);
            if (id != 0) json.WriteNumber("id"u8, id);
            json.WritePropertyName("name"u8);
            Json.WriteText(json, name);
            json.WriteEndObject();
            return;
        }
        TextBuffer text = _to.Buffer;
        if (_hasAny) text.Append((byte)',');
        _hasAny = true;
        text.Append(attach);
        if (!attach.IsEmpty) text.Append((byte)':');
        if (id != 0) text.Append((ulong)id);
        if (id != 0 && !name.IsEmpty) text.Append((byte)':');
        text.AppendText(name);
    }

    /// <summary>There are more that are not known.</summary>
    public readonly void More()
    {
        if (_to.Json is null) _to.Buffer.Append(",..."u8);
    }

    public readonly void End() => _to.Json?.WriteEndArray();
}
