using System.Text;
using BpfFs.Rendering;
using BpfFs.View;
using Fuse;
using Iterators;
using Microsoft.Extensions.Logging.Abstractions;

namespace BpfFs.Tests.View;

/// <summary>A view without a kernel behind it.</summary>
internal static class Fakes
{
    public static Request Request => new(1, 0, 0, 0);

    public static ViewContext Context() => new(null!, NullLogger.Instance);

    /// <summary>Numbered lines, as many as make <paramref name="size"/> bytes; the last may be cut.</summary>
    public static byte[] Lines(int size)
    {
        var text = new StringBuilder(size + 20);
        for (int i = 0; text.Length < size; i++) text.Append($"line {i}\n");
        text.Length = size;
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}

/// <summary>Produces given bytes in pieces and fails where it is told to.</summary>
internal sealed class FakeProducer(byte[] contents, int pieceSize) : LineProducer
{
    private int _at;

    /// <summary>Which contents come after the next <see cref="Restart"/>.</summary>
    public byte[] Contents { get; set; } = contents;

    /// <summary>Where production fails, and with what; negative: nowhere.</summary>
    public int FailsAt { get; set; } = -1;

    public int Failure { get; set; }

    public int RestartFailure { get; set; }

    /// <summary>Whether the last piece comes before its end is known.</summary>
    public bool EndsLate { get; set; }

    public long CeilingOverride { get; set; } = -1;

    public int Restarts { get; private set; }

    public long Produced { get; private set; }

    public int LargestBuffer { get; private set; }

    public bool IsDisposed { get; private set; }

    public override long Ceiling => CeilingOverride >= 0 ? CeilingOverride : Contents.Length;

    public override int Restart()
    {
        Restarts++;
        _at = 0;
        return RestartFailure;
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        Assert.False(IsDisposed);
        ended = false;
        int count = Math.Min(pieceSize, Contents.Length - _at);
        if (FailsAt >= 0 && _at + count > FailsAt)
        {
            to.Append(Contents.AsSpan(_at, FailsAt - _at)); // what was whole is there, as of a real producer
            _at = FailsAt;
            return Failure;
        }
        to.Append(Contents.AsSpan(_at, count));
        _at += count;
        Produced += count;
        ended = _at == Contents.Length && (!EndsLate || count == 0);
        LargestBuffer = Math.Max(LargestBuffer, to.GetSpan().Length);
        return 0;
    }

    public override void Dispose() => IsDisposed = true;
}

/// <summary>Gives one producer, or an error.</summary>
internal sealed class FakeSource(LineProducer? producer, int errno = 0) : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? opened)
    {
        opened = producer;
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => errno;
}

/// <summary>Objects that were never loaded.</summary>
internal sealed class FakeKind(KernelEnums? kernel, params (uint Id, uint Type, string Name, byte[] Tag)[] objects) : ObjectKind
{
    public FakeKind(params (uint Id, uint Type, string Name, byte[] Tag)[] objects)
        : this(null, objects)
    {
    }

    private readonly (uint Id, uint Type, byte[] Name, byte[] Tag)[] _objects = [.. objects.Select(o => (o.Id, o.Type, Encoding.UTF8.GetBytes(o.Name), o.Tag))];

    public override string Plural => "fakes";

    public override EnumNames? Types { get; } = new("none first second", (kernel ?? new KernelEnums(() => null)).Add("fake_type", "FAKE_"));

    /// <summary>What every call gives.</summary>
    public int Errno { get; set; }

    public override int Stat(ViewContext context, uint id, out ulong loadTime)
    {
        loadTime = id * 1000UL;
        return Errno != 0 ? Errno : _objects.Any(o => o.Id == id) ? 0 : Tmds.Linux.LibC.ENOENT;
    }

    public override int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
    {
        foreach ((uint id, uint type, byte[] name, byte[] tag) in _objects) visitor.Visit(id, id * 1000UL, type, name, tag);
        return Errno;
    }

    public override int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
    {
        if (Errno != 0) return Errno;
        foreach ((uint found, uint type, byte[] name, byte[] tag) in _objects)
        {
            if (found != id) continue;
            visitor.Visit(found, found * 1000UL, type, name, tag);
            return 0;
        }
        return Tmds.Linux.LibC.ENOENT;
    }
}
