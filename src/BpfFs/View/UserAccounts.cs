using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>How much users other than root may have open.</summary>
/// <param name="OfUser">Handles of one user.</param>
/// <param name="OfAll">Handles of all of them together.</param>
internal readonly record struct UserLimits(int OfUser, int OfAll)
{
    private const int MostOfUser = 1024;
    private const int DescriptorsOfHandle = 3; // a stream's at the most: object, iterator, what is read
    private const int Reserve = 256; // for root and the server's own work

    /// <summary>Out of how many descriptors the process may have: some stay for root and the server, and no user has more than half of the rest.</summary>
    public static UserLimits Of(ulong descriptors)
    {
        ulong rest = Math.Min(descriptors, 1 << 20); // more are never used
        rest -= Math.Min(rest / 2, Reserve);
        int all = (int)rest / DescriptorsOfHandle;
        return new UserLimits(Math.Min(MostOfUser, all / 2), all);
    }
}

/// <summary>
/// What is held for each user, counted by the file system user id of who opened it. Root has no bound. Who is over his own is refused, and nobody else; what
/// a handle takes is given back when it is closed. Allocates only when more users than ever before have something open.
/// </summary>
internal sealed class UserAccounts(UserLimits limits)
{
    /// <summary>Requests that may wait for others' locks: of one user, of all users, and as many again of root. The server has more threads than they can take.</summary>
    public const int MostWaitingOfUser = 16, MostWaiting = 32;

    /// <summary>Threads: whatever waits, these are left for what does not.</summary>
    public const int Threads = (2 * MostWaiting) + 16;

    private readonly Dictionary<uint, Account> _byUser = [];
    private readonly Lock _lock = new();
    private int _handles;

    private int _waiting, _waitingOfRoot;

    private struct Account
    {
        public int Handles;
        public int Waiting; // requests

        public readonly bool IsEmpty => Handles == 0 && Waiting == 0;
    }

    /// <summary>Handles of a user other than root.</summary>
    public int HandlesOf(uint uid)
    {
        lock (_lock) return _byUser.TryGetValue(uid, out Account account) ? account.Handles : 0;
    }

    /// <summary>One handle more. 0; EMFILE: he has as many as one user may; ENFILE: all users together have.</summary>
    public int TryOpen(uint uid)
    {
        if (uid == 0) return 0;
        lock (_lock)
        {
            if (_byUser.TryGetValue(uid, out Account has) && has.Handles >= limits.OfUser) return EMFILE;
            if (_handles >= limits.OfAll) return ENFILE;
            ref Account account = ref CollectionsMarshal.GetValueRefOrAddDefault(_byUser, uid, out _);
            account.Handles++;
            _handles++;
            return 0;
        }
    }

    /// <summary>A handle of an earlier server: it is there, whatever the limits are now.</summary>
    public void Adopt(uint uid)
    {
        if (uid == 0) return;
        lock (_lock)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_byUser, uid, out _).Handles++;
            _handles++;
        }
    }

    /// <summary>A handle is closed.</summary>
    public void Close(uint uid)
    {
        if (uid == 0) return;
        lock (_lock)
        {
            ref Account account = ref CollectionsMarshal.GetValueRefOrNullRef(_byUser, uid);
            account.Handles--;
            _handles--;
            if (account.IsEmpty) _byUser.Remove(uid);
        }
    }

    /// <summary>A place for a request of a user about a row, until it is disposed. Of a row that does not wait (<see cref="Row.MayWait"/>) it is none, and never refused.</summary>
    public WaitingPlace PlaceFor(Row? row, uint uid) => row is not { MayWait: true } ? default : TryWait(uid) ? new WaitingPlace(this, uid) : WaitingPlace.Refused;

    /// <summary>
    /// A request that may wait for a lock somebody holds (<see cref="Row.MayWait"/>) begins. False: so many of his wait already, or of all users, that it would take the threads of others.
    /// </summary>
    public bool TryWait(uint uid)
    {
        lock (_lock)
        {
            if (uid == 0)
            {
                if (_waitingOfRoot >= MostWaiting) return false;
                _waitingOfRoot++;
                return true;
            }
            if (_waiting >= MostWaiting || (_byUser.TryGetValue(uid, out Account has) && has.Waiting >= MostWaitingOfUser)) return false;
            CollectionsMarshal.GetValueRefOrAddDefault(_byUser, uid, out _).Waiting++;
            _waiting++;
            return true;
        }
    }

    /// <summary>It has ended.</summary>
    public void EndWait(uint uid)
    {
        lock (_lock)
        {
            if (uid == 0)
            {
                _waitingOfRoot--;
                return;
            }
            ref Account account = ref CollectionsMarshal.GetValueRefOrNullRef(_byUser, uid);
            account.Waiting--;
            _waiting--;
            if (account.IsEmpty) _byUser.Remove(uid);
        }
    }
}

/// <summary>Among the requests that may wait for others' locks, given back when it is disposed.</summary>
internal readonly ref struct WaitingPlace
{
    private readonly UserAccounts? _of;
    private readonly uint _uid;

    public WaitingPlace(UserAccounts of, uint uid) => (_of, _uid) = (of, uid);

    private WaitingPlace(bool isRefused) => IsRefused = isRefused;

    public static WaitingPlace Refused => new(isRefused: true);

    public bool IsRefused { get; }

    public void Dispose() => _of?.EndWait(_uid);
}
