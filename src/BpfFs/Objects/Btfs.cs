using System.Text.Json;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>BTF objects: one, or all in one pass.</summary>
internal sealed class Btfs : ObjectKind
{
    public static readonly Btfs Kind = new();

    [ThreadStatic]
    private static BtfReading? t_reading;

    public override string Plural => "btf";

    public override EnumNames? Types => null;

    /// <summary>The kernel does not keep when one was loaded.</summary>
    public override int Stat(ViewContext context, uint id, out ulong loadTime)
    {
        loadTime = 0;
        return BtfObjects.Read(id, out _, default);
    }

    public override int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
    {
        int errno;
        uint id = 0;
        while ((errno = BtfObjects.Next(ref id)) == 0) visitor.Visit(id, 0, 0, default, default);
        return errno == ENOENT ? 0 : errno;
    }

    public override int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
    {
        int errno = Read(context, id, out BtfObject btf);
        if (errno == 0) visitor.Visit(id, 0, 0, btf.Name, default);
        return errno;
    }

    /// <summary>One BTF object; valid until this thread reads the next.</summary>
    public static int Read(ViewContext context, uint id, out BtfObject btf)
    {
        BtfReading reading = t_reading ??= new();
        btf = default;
        if (!reading.Has(id))
        {
            int errno = reading.ReadUsers(context, id);
            if (errno == 0) errno = BtfObjects.Read(id, out reading.Value, reading.Name);
            if (reading.Took(id, errno) != 0) return errno;
        }
        btf = reading.Describe(id);
        return 0;
    }

    /// <summary><c>btf.json</c>: every BTF object.</summary>
    public static int AllJson(ViewContext context, ulong key, TextBuffer to)
    {
        BtfReading reading = t_reading ??= new();
        reading.Drop();
        int errno = reading.ReadUsers(context, 0);
        if (errno != 0) return errno;
        Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        uint id = 0;
        while ((errno = BtfObjects.Next(ref id)) == 0)
        {
            int failed = BtfObjects.Read(id, out reading.Value, reading.Name);
            if (failed == 0) FieldFiles.WriteJson(BtfObject.Fields, reading.Describe(id), json);
            else if (failed != ENOENT) FailedObject.WriteJson(id, failed, json);
        }
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return errno == ENOENT ? 0 : errno;
    }

    /// <summary><c>btf/&lt;id&gt;/progs</c>: <c>id name</c> of every program it describes.</summary>
    public static int ProgsOf(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Read(context, (uint)key, out BtfObject btf);
        if (errno != 0) return errno;
        foreach (uint id in btf.ProgIds) Relations.AppendProgLine(context, id, to);
        return 0;
    }

    /// <summary><c>btf/&lt;id&gt;/maps</c>: <c>id name</c> of every map it describes.</summary>
    public static int MapsOf(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Read(context, (uint)key, out BtfObject btf);
        if (errno != 0) return errno;
        foreach (uint id in btf.MapIds)
        {
            int failed = Maps.Read(context, id, out Map map);
            if (failed == 0) AppendLine(id, map.Record.name.Text, to);
            else if (failed != ENOENT) FailedObject.AppendLine(id, failed, to);
        }
        return 0;
    }

    /// <summary><c>progs/&lt;id&gt;/btf</c>.</summary>
    public static int LinkFromProg(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Progs.Read(context, (uint)key, out Prog prog);
        return errno != 0 ? errno : AppendLink(prog.Record.btf_id, to);
    }

    /// <summary><c>maps/&lt;id&gt;/btf</c>.</summary>
    public static int LinkFromMap(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Maps.Read(context, (uint)key, out Map map);
        return errno != 0 ? errno : AppendLink(map.Record.btf_id, to);
    }

    private static int AppendLink(uint btf, TextBuffer to)
    {
        if (btf == 0) return ENOENT;
        to.Append("../../btf/"u8);
        to.Append((ulong)btf);
        return 0;
    }

    private static void AppendLine(uint id, ReadOnlySpan<byte> name, TextBuffer to)
    {
        to.Append((ulong)id);
        to.Append((byte)' ');
        to.AppendText(name);
        to.Append((byte)'\n');
    }

    /// <summary>One reading of a BTF object and of who uses it.</summary>
    private sealed class BtfReading : Reading<bpf_btf_info>
    {
        private readonly List<(uint Btf, uint Id)> _progs = [], _maps = [];
        private uint[] _ids = [];

        public byte[] Name { get; } = new byte[64]; // BTF_MODULE names: MODULE_NAME_LEN is 56

        /// <summary>Who uses <paramref name="btf"/>; 0: all BTF objects' users.</summary>
        public int ReadUsers(ViewContext context, uint btf)
        {
            _progs.Clear();
            _maps.Clear();
            using var progs = new RecordWalk<prog_record>(context, context.Iterators.Progs!);
            while (progs.MoveNext())
            {
                if (IsWanted(progs.Current.btf_id, btf)) _progs.Add((progs.Current.btf_id, progs.Current.id));
            }
            using var maps = new RecordWalk<map_record>(context, context.Iterators.Maps!);
            while (maps.MoveNext())
            {
                if (IsWanted(maps.Current.btf_id, btf)) _maps.Add((maps.Current.btf_id, maps.Current.id));
            }
            _progs.Sort();
            _maps.Sort();
            return progs.Errno != 0 ? progs.Errno : maps.Errno;
        }

        public BtfObject Describe(uint id)
        {
            int wanted = _progs.Count + _maps.Count;
            if (_ids.Length < wanted) _ids = new uint[wanted];
            int progs = Copy(_progs, id, 0);
            int maps = Copy(_maps, id, progs);
            int end = Name.AsSpan().IndexOf((byte)0);
            return new BtfObject
            {
                Info = ref Value,
                Name = Name.AsSpan(0, Math.Max(0, end)),
                ProgIds = _ids.AsSpan(0, progs),
                MapIds = _ids.AsSpan(progs, maps),
            };
        }

        private static bool IsWanted(uint has, uint wanted) => has != 0 && (wanted == 0 || has == wanted);

        private int Copy(List<(uint Btf, uint Id)> from, uint btf, int at)
        {
            int first = from.BinarySearch((btf, 0));
            if (first < 0) first = ~first;
            int count = 0;
            while (first + count < from.Count && from[first + count].Btf == btf)
            {
                _ids[at + count] = from[first + count].Id;
                count++;
            }
            return count;
        }
    }
}

/// <summary>
/// <c>btf/&lt;id&gt;/c</c>: the types as C declarations. Whoever loaded the BTF may mean harm, so what is not the kernel's own ends at a length, and says so; stat makes nothing of it.
/// </summary>
internal sealed class BtfDeclarations : StreamSource
{
    private const long MaxText = 16 * 1024 * 1024; // no compiler's BTF comes near: the kernel's own types are 3 MiB
    private const long Expansion = 128; // a member takes 12 bytes of BTF and at most two names of KSYM_NAME_LEN (512) in C
    private const int PieceSize = 64 * 1024;

    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = BtfObjects.Read((uint)key, out bpf_btf_info info, default);
        if (errno != 0) return errno;
        var lines = new DeclarationLines(info);
        errno = lines.Open((uint)key);
        if (errno == 0) producer = lines;
        else lines.Dispose();
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => BtfObjects.Read((uint)key, out _, default);

    public override long SizeUnopened(ViewContext context, ulong key) => BtfObjects.Read((uint)key, out bpf_btf_info info, default) == 0 ? StreamFile.CeilingOf(CeilingOf(info)) : 0;

    private static long CeilingOf(in bpf_btf_info info) => (info.btf_size * Expansion) + PieceSize is var most && info.kernel_btf == 0 ? Math.Min(most, MaxText + PieceSize) : most;

    private sealed class DeclarationLines(bpf_btf_info info) : LineProducer
    {
        private readonly long _most = info.kernel_btf != 0 ? int.MaxValue : MaxText;
        private BtfDump? _dump; // null: it is not written
        private TextBuffer? _to;
        private uint _next;
        private bool _isTooLong;

        public override long Ceiling => CeilingOf(info);

        public int Open(uint id)
        {
            int errno = BtfDump.Open(id, Take, out _dump);
            if (errno == 0) _next = _dump!.First;
            return errno == ELOOP ? 0 : errno;
        }

        public override int Restart()
        {
            if (_dump is null) return 0;
            _next = _dump.First;
            _isTooLong = false;
            return _dump.Restart();
        }

        public override int Produce(TextBuffer to, out bool ended)
        {
            ended = true;
            if (_dump is null)
            {
                to.Append("/* not written: these types go in circles, too deep, or would take too long; no compiler makes such */\n"u8);
                return 0;
            }
            _to = to;
            int start = to.Length;
            int errno = 0;
            while (errno == 0 && _next < _dump.Count && to.Length - start < PieceSize)
            {
                int before = to.Length;
                errno = _dump.DumpType(_next++);
                if (!_isTooLong) continue;
                to.Truncate(before);
                to.Append("/* the rest is left out: it is longer than 16 MiB */\n"u8);
                return 0;
            }
            ended = _next >= _dump.Count;
            return errno;
        }

        public override void Dispose() => _dump?.Dispose();

        /// <summary>What is beyond the limit is not held, though libbpf goes on to the end of the declaration.</summary>
        private void Take(ReadOnlySpan<byte> text)
        {
            _isTooLong |= _to!.Length + text.Length > _most;
            if (!_isTooLong) _to.Append(text);
        }
    }
}
