using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>
/// Who is served next. A user who is not root has so many of his requests worked on at a time; what he asks beyond that waits here, not in a worker, so that one always stands by for
/// others, however long his take. The kernel hands requests out in the order they come and cannot be asked for another user's. Each call costs the same however many wait. Thread-safe.
/// </summary>
/// <param name="share">So many requests of one user at a time.</param>
internal sealed class Turns(int share)
{
    private readonly Dictionary<uint, User> _users = [];
    private readonly Dictionary<ulong, (User User, LinkedListNode<byte[]> Node)> _waiting = [];
    private readonly Lock _lock = new();

    private sealed class User
    {
        public int Running { get; set; }

        /// <summary>In the order they came.</summary>
        public LinkedList<byte[]> Requests { get; } = [];
    }

    /// <summary>Whether a user's request may be worked on at once; <see cref="End"/> is then to be called. If not it is kept, and comes back from an <see cref="End"/>.</summary>
    public bool TryBegin(uint uid, ReadOnlySpan<byte> request)
    {
        lock (_lock)
        {
            if (!_users.TryGetValue(uid, out User? user)) _users.Add(uid, user = new User());
            if (user.Running < share)
            {
                user.Running++;
                return true;
            }
            _waiting[UniqueOf(request)] = (user, user.Requests.AddLast(request.ToArray()));
            return false;
        }
    }

    /// <summary>A user's request is done. Gives his next to go on with; null: none waits.</summary>
    public byte[]? End(uint uid)
    {
        lock (_lock)
        {
            User user = _users[uid];
            if (user.Requests.First is { } first)
            {
                user.Requests.Remove(first);
                _waiting.Remove(UniqueOf(first.Value));
                return first.Value;
            }
            user.Running--;
            if (user.Running == 0) _users.Remove(uid);
            return null;
        }
    }

    /// <summary>Takes a request out that waits, as its asker does not any more. False: it does not wait here.</summary>
    public bool TryCancel(ulong unique)
    {
        lock (_lock)
        {
            if (!_waiting.Remove(unique, out (User User, LinkedListNode<byte[]> Node) found)) return false;
            found.User.Requests.Remove(found.Node);
            return true;
        }
    }

    private static ulong UniqueOf(ReadOnlySpan<byte> request) => MemoryMarshal.Read<fuse_in_header>(request).unique;
}
