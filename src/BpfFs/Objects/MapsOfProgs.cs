using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// The maps of the programs of a listing and those maps' names, each from one pass that is made when the first program wants it, instead of calls for
/// every program.
/// </summary>
internal sealed class MapsOfProgs : IDisposable
{
    private static readonly Pool<MapsOfProgs> s_pool = new(() => new MapsOfProgs(), 4);
    private const int MostKept = 4096;
    private readonly TextBuffer _texts = new();
    private readonly Dictionary<uint, (int Start, int Length)> _names = [];
    private readonly List<uint> _owners = []; // of _maps, ascending
    private readonly List<uint> _maps = [];
    private ViewContext? _context;
    private bool _hasNames;
    private bool _hasMaps;
    private int _next;

    public static MapsOfProgs Rent(ViewContext context)
    {
        MapsOfProgs rented = s_pool.Rent();
        rented._context = context;
        return rented;
    }

    public void Return()
    {
        if (_names.Count > MostKept || _maps.Count > MostKept)
        {
            Dispose(); // a rare reader's memory is not to stay
            return;
        }
        _texts.Clear();
        _names.Clear();
        _owners.Clear();
        _maps.Clear();
        _context = null;
        (_hasNames, _hasMaps, _next) = (false, false, 0);
        s_pool.Return(this);
    }

    public void Dispose() => ((IDisposable)_texts).Dispose();

    /// <summary>The ids of its maps; 0 or a positive errno: <c>ENOENT</c>, it is gone.</summary>
    /// <param name="record">Programs come by ascending id.</param>
    /// <param name="more">Room for what is asked for by itself: a program loaded since the pass.</param>
    /// <param name="ids">Valid until the next call.</param>
    public int MapsOf(in prog_record record, ref one_prog_maps_record more, out ReadOnlySpan<uint> ids)
    {
        ids = record.map_ids;
        if (record.used_map_cnt <= (uint)ids.Length)
        {
            ids = ids[..(int)record.used_map_cnt];
            return 0;
        }
        if (!_hasMaps) ReadMaps();
        while (_next < _owners.Count && _owners[_next] < record.id) _next++;
        int start = _next;
        while (_next < _owners.Count && _owners[_next] == record.id) _next++;
        ids = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_maps)[start.._next];
        if (!ids.IsEmpty) return 0;
        int errno = _context!.Iterators.One.ReadProgMaps(record.id, out more);
        ids = more.map_ids;
        ids = ids[..(int)Math.Min(more.cnt, (uint)ids.Length)];
        return errno;
    }

    /// <summary>Empty: the map has none. False: it was not there, and is to be asked for by itself.</summary>
    public bool TryName(uint map, out ReadOnlySpan<byte> name)
    {
        if (!_hasNames) ReadNames();
        bool found = _names.TryGetValue(map, out (int Start, int Length) place);
        name = _texts.Written.Slice(place.Start, place.Length);
        return found;
    }

    // What a pass that fails has not told is asked for one by one, and then fails there.
    private void ReadMaps()
    {
        using var walk = new RecordWalk<prog_map_record>(_context!, _context!.Iterators.ProgMaps!);
        while (walk.MoveNext())
        {
            _owners.Add(walk.Current.prog_id);
            _maps.Add(walk.Current.map_id);
        }
        _hasMaps = true;
    }

    private void ReadNames()
    {
        var visitor = new NameReader { To = this };
        Maps.Kind.Walk(_context!, ref visitor);
        _hasNames = true;
    }

    private struct NameReader : IObjectVisitor
    {
        public MapsOfProgs To;

        public readonly void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag)
        {
            To._names[id] = (To._texts.Length, name.Length);
            To._texts.Append(name);
        }
    }
}
