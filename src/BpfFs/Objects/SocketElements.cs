using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>
/// <c>maps/&lt;id&gt;/entries</c> where sockets are the keys or the values: of a socket storage <c>socket TAB value</c>, of a sockmap or sockhash <c>key TAB socket</c>.
/// A socket is a JSON object.
/// </summary>
internal sealed class SocketElements : LineProducer
{
    private const int PieceSize = 64 * 1024;
    private const int Readings = 100; // of a value that changes each time
    private readonly LazyIterator _iterator;
    private readonly ElementFormat _format;
    private readonly map_record _map;
    private RecordStream? _records;

    private SocketElements(LazyIterator iterator, ElementFormat format, in map_record map)
    {
        _iterator = iterator;
        _format = format;
        _map = map;
    }

    /// <summary>Nobody knows how many sockets there are.</summary>
    public override long Ceiling => 1L << 40;

    private bool IsStorage => _map.type == MapType.SkStorage;

    /// <summary>What goes over the sockets of this type of map; null: it has none, or this kernel has no such iterator.</summary>
    public static LazyIterator? IteratorOf(ViewContext context, uint mapType) => mapType switch
    {
        MapType.SkStorage when context.Iterators.SkStorages.IsThere => context.Iterators.SkStorages,
        MapType.Sockmap or MapType.Sockhash when context.Iterators.Sockmaps.IsThere => context.Iterators.Sockmaps,
        _ => null,
    };

    /// <summary>0 or an errno.</summary>
    public static int Open(ViewContext context, LazyIterator iterator, uint id, out LineProducer? producer)
    {
        producer = null;
        int errno = Maps.Read(context, id, out Map map);
        ElementFormat? format = null;
        if (errno == 0) errno = ElementFormat.Of(context, map.Record, asBpftool: false, out format);
        if (errno != 0) return errno;
        var opened = new SocketElements(iterator, format!, map.Record);
        errno = opened.Restart();
        if (errno == 0) producer = opened;
        return errno;
    }

    public override int Restart()
    {
        Dispose();
        int errno = Start(out RecordStream? records);
        _records = records;
        return errno;
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        ended = false;
        int start = to.Length;
        while (to.Length - start < PieceSize)
        {
            int got = IsStorage ? WriteStored(to) : WriteReference(to);
            ended = got == 0;
            if (got <= 0) return -got;
        }
        return 0;
    }

    public override void Dispose()
    {
        _records?.Dispose();
        _records = null;
    }

    private int Start(out RecordStream? records)
    {
        using Fd map = OneObject.OpenMap(_map.id);
        Fd fd = map.Errno != 0 ? new Fd(-map.Errno) : _iterator.Create(IteratorParameter.Map(map));
        records = fd.Errno == 0 ? new RecordStream(fd) : null;
        return fd.Errno;
    }

    private int WriteReference(TextBuffer to)
    {
        int got = _records!.ReadRecord(out map_socket_record socket);
        if (got <= 0) return got;
        int errno = _records.ReadTail(socket.key_size, out ReadOnlySpan<byte> key);
        if (errno != 0) return -errno;
        if (_format.Keys is null) to.AppendHex(key, (byte)' ');
        else _format.Keys.Write(key, to);
        to.Append((byte)'\t');
        SocketText.Append(socket, to);
        to.Append((byte)'\n');
        return 1;
    }

    private int WriteStored(TextBuffer to)
    {
        int got = _records!.ReadRecord(out map_socket_record socket);
        if (got <= 0) return got;
        int start = to.Length;
        SocketText.Append(socket, to);
        to.Append((byte)'\t');
        int errno = AppendValue(_records, socket.value_size, to, out bool isTorn);
        if (errno != 0) return -errno;
        if (isTorn) errno = AppendAgain(socket.cookie, start, to);
        if (errno != 0 && errno != ENOENT) return -errno;
        if (errno == 0) to.Append((byte)'\n');
        else to.Truncate(start); // closed meanwhile
        return 1;
    }

    /// <summary>Others write into the value while it is read, and no lock can be taken: it was read twice, and is torn if the two differ.</summary>
    private int AppendValue(RecordStream from, uint size, TextBuffer to, out bool isTorn)
    {
        isTorn = false;
        int errno = from.ReadTail(size, out ReadOnlySpan<byte> value);
        if (errno != 0) return errno;
        if (_format.Values is not null) _format.Values.Write(value, to);
        else to.AppendHex(value, (byte)' ');
        int got = from.ReadRecord(out element_end_record end);
        isTorn = end.torn != 0;
        return got > 0 ? 0 : got < 0 ? -got : EPROTO;
    }

    /// <summary>One value cannot be asked for by itself, so another walk looks for it. ENOENT: it is gone; EBUSY: it changed at every reading.</summary>
    private int AppendAgain(ulong cookie, int start, TextBuffer to)
    {
        for (int reading = 0; reading < Readings; reading++)
        {
            int errno = Start(out RecordStream? records);
            if (errno != 0) return errno;
            using (records)
            {
                bool isFound = false, isTorn = true;
                while (!isFound)
                {
                    int got = records!.ReadRecord(out map_socket_record socket);
                    if (got <= 0) return got < 0 ? -got : ENOENT;
                    isFound = socket.cookie == cookie;
                    int before = to.Length;
                    if (isFound)
                    {
                        to.Truncate(start);
                        SocketText.Append(socket, to);
                        to.Append((byte)'\t');
                    }
                    errno = AppendValue(records, socket.value_size, to, out isTorn);
                    if (errno != 0) return errno;
                    if (!isFound) to.Truncate(before);
                }
                if (!isTorn) return 0;
            }
        }
        return EBUSY;
    }
}
