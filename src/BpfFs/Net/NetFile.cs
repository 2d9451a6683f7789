using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Net;

/// <summary>Whether a record of the iterator belongs into the file.</summary>
internal delegate bool IsListed<T>(in T record, uint netns)
    where T : unmanaged;

/// <summary>
/// A file of <c>net/</c>: a table of the network namespace of whoever opens it, as text or JSON. The node's key is the namespace's inode, so readers in different
/// namespaces have different files, although they have one path.
/// </summary>
internal sealed class NetFile<T>(NetTable table, Field<NetEntry<T>>[] fields, bool asJson, IsListed<T>? isListed = null) : StreamSource
    where T : unmanaged
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = context.Iterators.Net.Open(table, Asker.Tid, key, out NetReader<T>? reader);
        if (errno != 0) return errno;
        var rows = new NetRecords<T>(reader!, isListed, (uint)key);
        producer = asJson ? new NetJson<T>(rows, fields, new NetNames(context)) : new NetText<T>(rows, fields, new NetNames(context));
        return 0;
    }

    public override int Exists(ViewContext context, ulong key) => 0;
}

/// <summary>The nodes of <c>net/</c>.</summary>
internal static class NetNode
{
    /// <summary>The inode of the asker's network namespace.</summary>
    public static int KeyOfAsker(ViewContext context, out ulong key)
    {
        int errno = context.Iterators.Net.NamespaceOf(Asker.Tid, out NetNamespaceId id);
        key = id.Inode;
        return errno == ESRCH ? EOPNOTSUPP : errno; // whom we do not see has a namespace that we do not know
    }
}

/// <summary>The records that belong into a file.</summary>
internal sealed class NetRecords<T>(NetReader<T> reader, IsListed<T>? isListed, uint netns) : IDisposable
    where T : unmanaged
{
    public ref readonly T Current => ref reader.Current;

    public int Restart() => reader.Restart();

    /// <summary>1, 0 at the end, or a negative errno.</summary>
    public int ReadNext()
    {
        while (true)
        {
            int got = reader.ReadNext();
            if (got <= 0 || isListed is null || isListed(reader.Current, netns)) return got;
        }
    }

    public void Dispose() => reader.Dispose();
}

/// <summary>A header and a line per record, in columns. A value without what it tells is <c>-</c>; a blank within one is <c>\x20</c>.</summary>
internal sealed class NetText<T>(NetRecords<T> rows, Field<NetEntry<T>>[] fields, NetNames names) : LineProducer
    where T : unmanaged
{
    private const int PieceSize = 64 * 1024;
    private bool _hasBegun;

    /// <summary>Nobody knows how many sockets there will be.</summary>
    public override long Ceiling => NetCeiling.Bytes;

    public override int Restart()
    {
        _hasBegun = false;
        return rows.Restart();
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        ended = false;
        int start = to.Length;
        if (!_hasBegun) Columns.WriteHeader(fields, to);
        _hasBegun = true;
        while (to.Length - start < PieceSize)
        {
            int got = rows.ReadNext();
            ended = got == 0;
            if (got <= 0) return -got;
            Columns.WriteLine(fields, new NetEntry<T>(in rows.Current, names), to);
        }
        return 0;
    }

    public override void Dispose() => rows.Dispose();
}

/// <summary>An array of objects.</summary>
internal sealed class NetJson<T>(NetRecords<T> rows, Field<NetEntry<T>>[] fields, NetNames names) : LineProducer
    where T : unmanaged
{
    private const int PieceSize = 64 * 1024;
    private bool _hasBegun, _hasRows;

    public override long Ceiling => NetCeiling.Bytes;

    public override int Restart()
    {
        _hasBegun = _hasRows = false;
        return rows.Restart();
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        ended = false;
        int start = to.Length;
        if (!_hasBegun) to.Append((byte)'[');
        _hasBegun = true;
        while (to.Length - start < PieceSize)
        {
            int got = rows.ReadNext();
            if (got < 0) return -got;
            ended = got == 0;
            if (ended)
            {
                to.Append("]\n"u8);
                return 0;
            }
            if (_hasRows) to.Append((byte)',');
            _hasRows = true;
            System.Text.Json.Utf8JsonWriter json = to.StartJson();
            FieldFiles.WriteJson(fields, new NetEntry<T>(in rows.Current, names), json);
            json.Flush();
        }
        return 0;
    }

    public override void Dispose() => rows.Dispose();
}

/// <summary>
/// What stat says of a table over 1 MiB: as much as 4,000,000 sockets need, whose kernel memory would be several times that. Not more, because
/// some readers (Python's) ask for as much memory as a file is large.
/// </summary>
internal static class NetCeiling
{
    public const long Bytes = 1L << 30;
}
