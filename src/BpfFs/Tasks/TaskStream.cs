using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tasks;

/// <summary>A file about one process, a line per record of an iterator aimed at it.</summary>
/// <param name="iterator">Goes by thread.</param>
/// <param name="writeNext">Reads one record and appends its line.</param>
internal sealed class TaskStream(LazyIterator iterator, TaskStream.WriteNext writeNext) : StreamSource
{
    /// <summary>1, 0 at the end, or a negative errno. The position is the file's own, 0 at its start. What was appended counts only if <paramref name="owner"/> may be shown.</summary>
    public delegate int WriteNext(RecordStream from, TextBuffer to, ref ulong position, out task_owner_record owner);

    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = TaskGate.Instance.Find(context, key, out Access access);
        if (errno != 0) return errno;
        var opened = new Producer(iterator, writeNext, TaskKey.PidOf(key), access);
        errno = opened.Restart();
        if (errno == 0) producer = opened;
        else opened.Dispose();
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => TaskGate.Instance.Find(context, key, out _);

    private sealed class Producer(LazyIterator iterator, WriteNext writeNext, uint pid, Access access) : LineProducer
    {
        private const int PieceSize = 64 * 1024;
        private RecordStream? _records;
        private ulong _position;

        /// <summary>2^20 files (fs.nr_open) or mappings, with paths as long as a path can be, escaped: far from what there is.</summary>
        public override long Ceiling => 1L << 34;

        public override Access? Access => access;

        public override int Restart()
        {
            _records?.Dispose();
            _records = null;
            _position = 0;
            Fd fd = iterator.CreateForThread(pid);
            if (fd.Errno != 0) return Processes.ErrnoOf(fd.Errno);
            _records = new RecordStream(fd);
            return 0;
        }

        public override int Produce(TextBuffer to, out bool ended)
        {
            ended = false;
            int start = to.Length;
            while (to.Length - start < PieceSize)
            {
                (int before, ulong at) = (to.Length, _position);
                int got = writeNext(_records!, to, ref _position, out task_owner_record owner);
                ended = got == 0;
                if (got <= 0) return -got;
                if (got > 0 && owner.pid != pid)
                {
                    to.Truncate(before);
                    _position = at;
                    continue;
                }
                if (TaskGate.AccessOf(owner) == access) continue;
                to.Truncate(start);
                return EACCES;
            }
            return 0;
        }

        public override void Dispose() => _records?.Dispose();
    }
}
