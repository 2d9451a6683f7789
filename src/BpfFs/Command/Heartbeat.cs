using System.Globalization;
using Fuse;

namespace BpfFs.Command;

/// <summary>
/// Asks the server through its mount, as any reader does, and tells when it is stuck: it lives, and does not answer. The question is put by a thread that may wait for ever; it goes to
/// whoever serves next. Time counts only while the keeper itself gets on, and not while somebody has stopped the server or traces it.
/// </summary>
internal sealed class Heartbeat
{
    private const int Every = 10_000; // ms
    private const int LookEvery = 1000; // while there is no answer
    private const int MostOfLook = 2 * LookEvery; // what one look counts, however late it comes: then the machine is busy, or was asleep
    private readonly int _limit = int.TryParse(Environment.GetEnvironmentVariable("BPFFS_VIEW_STUCK_AFTER"), CultureInfo.InvariantCulture, out int ms) && ms > 0 ? ms : 60_000; // for tests
    private bool _isAsking; // the thread's
    private bool _isBlamed; // another server has not answered this question either: it is not the servers' fault
    private long _nextAt, _lookedAt, _waited;

    public Heartbeat() => _nextAt = Environment.TickCount64 + Interval; // not right at the start: while it is asked, the mount is busy for umount(8)

    private int Interval => Math.Min(Every, _limit);

    /// <summary>Milliseconds until <see cref="IsStuck"/> is to be called again.</summary>
    public int Delay => Volatile.Read(ref _isAsking) ? Math.Min(LookEvery, _limit) : (int)Math.Clamp(_nextAt - Environment.TickCount64, 0, Every);

    /// <summary>Another server serves from now on.</summary>
    public void Restart() => _waited = 0;

    /// <summary>Looks, and asks if it is time. True: it has not answered for a minute; said once for a question.</summary>
    public bool IsStuck(string mountPoint, KeptProcess server)
    {
        long now = Environment.TickCount64, since = now - _lookedAt;
        _lookedAt = now;
        if (!Volatile.Read(ref _isAsking))
        {
            if (now >= _nextAt) Ask(mountPoint);
            return false;
        }
        if (_isBlamed || server.IsHalted) return false;
        _waited += Math.Min(since, MostOfLook);
        if (_waited < _limit) return false;
        _isBlamed = true;
        return true;
    }

    private void Ask(string mountPoint)
    {
        _waited = 0;
        _isBlamed = false;
        _nextAt = Environment.TickCount64 + Interval;
        _isAsking = true;
        new Thread(() =>
        {
            MountPoints.Ask(mountPoint, MountSettings.Subtype);
            Volatile.Write(ref _isAsking, false);
        }, 128 * 1024)
        { IsBackground = true, Name = "heartbeat" }.Start();
    }
}
