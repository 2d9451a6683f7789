using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary><c>kernel/ksyms</c>: <c>type name [module]</c>, a line per symbol, in the order of /proc/kallsyms; addresses are not shown to anyone.</summary>
internal sealed class Ksyms(LazyIterator iterator) : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        var opened = new Producer(iterator);
        int errno = opened.Restart();
        producer = errno == 0 ? opened : null;
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => 0;

    public override long SizeUnopened(ViewContext context, ulong key) => StreamFile.CeilingOf(Most);

    /// <summary>It is never small: a handle holds one piece and its iterator.</summary>
    public override int HeadSize => 1;

    private const long Most = 1L << 28; // a million symbols of a length that none has

    private sealed class Producer(LazyIterator iterator) : LineProducer
    {
        private readonly TextBuffer _held = new(); // lines that were read, but not yet given out
        private RecordStream? _stream;

        public override long Ceiling => Most;

        public override int Restart()
        {
            _stream?.Dispose();
            _stream = null;
            _held.Clear();
            Fd fd = iterator.Create(IteratorParameter.None);
            if (fd.Errno != 0) return fd.Errno;
            _stream = new RecordStream(fd);
            return 0;
        }

        /// <summary>
        /// The last line is not a symbol: at its end the iterator runs the program once more, not with NULL as others do but with what is left of the last
        /// symbol (ksym_prog_seq_show, kernel/kallsyms.c). So one line is held back.
        /// </summary>
        public override int Produce(TextBuffer to, out bool ended)
        {
            int got = _stream!.ReadSome(out ReadOnlySpan<byte> bytes);
            ended = got == 0;
            if (got <= 0) return -got;
            _held.Append(bytes);
            ReadOnlySpan<byte> lines = _held.Written;
            while (true)
            {
                int end = lines.IndexOf((byte)'\n');
                if (end < 0 || lines[(end + 1)..].IndexOf((byte)'\n') < 0) break;
                to.AppendText(lines[..end]);
                to.Append((byte)'\n');
                lines = lines[(end + 1)..];
            }
            byte[] rest = lines.ToArray();
            _held.Clear();
            _held.Append(rest);
            return 0;
        }

        public override void Dispose()
        {
            _stream?.Dispose();
            ((IDisposable)_held).Dispose();
        }
    }
}
