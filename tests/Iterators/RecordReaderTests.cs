using System.Runtime.InteropServices;
using Support;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

public sealed class RecordReaderTests
{
    private static readonly prog_map_record[] s_records = [.. Enumerable.Range(1, 5).Select(i => new prog_map_record { prog_id = (uint)i, map_id = (uint)(i * 1000) })];

    private static byte[] Bytes => MemoryMarshal.AsBytes(s_records.AsSpan()).ToArray();

    [Fact]
    public void Records_may_be_cut_anywhere()
    {
        for (int first = 1; first < Bytes.Length; first++)
        {
            for (int second = first; second < Bytes.Length; second += 3)
            {
                using Descriptor pieces = Native.Pieces(Bytes[..first], Bytes[first..second], Bytes[second..]);
                Assert.Equal((s_records.Length, 0), Read(pieces, new byte[4096]));
            }
        }
    }

    [Fact]
    public void A_buffer_of_any_size()
    {
        for (int size = 8; size < Bytes.Length + 10; size++)
        {
            using Descriptor pipe = Filled(Bytes);
            Assert.Equal((s_records.Length, 0), Read(pipe, new byte[size]));
        }
    }

    [Fact]
    public void Many_records_through_a_buffer_that_fits_no_whole_number_of_them()
    {
        var records = new map_record[300];
        for (uint i = 0; i < records.Length; i++) records[i].id = i;
        using Descriptor pipe = Filled(MemoryMarshal.AsBytes(records.AsSpan()).ToArray());
        var fd = new Fd(pipe.Fd);
        var reader = new RecordReader<map_record>(fd, new byte[1000]);
        for (uint i = 0; i < records.Length; i++)
        {
            Assert.True(reader.MoveNext());
            Assert.Equal(i, reader.Current.id);
        }
        Assert.False(reader.MoveNext());
        Assert.Equal(0, reader.Errno);
    }

    [Fact]
    public void An_end_within_a_record_is_EPROTO_after_the_whole_ones()
    {
        for (int length = 0; length <= Bytes.Length; length++)
        {
            using Descriptor pipe = Filled(Bytes[..length]);
            Assert.Equal((length / 8, length % 8 == 0 ? 0 : LibC.EPROTO), Read(pipe, new byte[64]));
        }
    }

    [Fact]
    public void A_record_larger_than_the_buffer_is_refused() =>
        Assert.Throws<ArgumentException>(() =>
        {
            var fd = new Fd(-1);
            _ = new RecordReader<map_record>(fd, new byte[Marshal.SizeOf<map_record>() - 1]);
        });

    [Fact]
    public void A_descriptor_that_is_none()
    {
        var fd = new Fd(-LibC.EMFILE);
        var reader = new RecordReader<prog_map_record>(fd, new byte[64]);
        Assert.False(reader.MoveNext());
        Assert.Equal(LibC.EBADF, reader.Errno);
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void EAGAIN_is_tried_again()
    {
        (Descriptor pipe, Descriptor writer) = Native.Pipe(blocks: false);
        using (pipe)
        {
            var thread = new Thread(() =>
            {
                foreach (byte b in Bytes)
                {
                    Thread.Sleep(2);
                    Native.Write(writer, [b]);
                }
                writer.Dispose();
            });
            thread.Start();
            Assert.Equal((s_records.Length, 0), Read(pipe, new byte[64]));
            thread.Join();
        }
    }

    [Fact]
    public void A_descriptor_is_closed_once_and_can_be_given_away()
    {
        (Descriptor pipe, Descriptor writer) = Native.Pipe();
        using (pipe)
        {
            var fd = new Fd(writer.Fd);
            Assert.Equal((writer.Fd, 0), (fd.Value, fd.Errno));
            int mine = fd.Disown();
            fd.Dispose();
            Assert.Equal(LibC.EBADF, fd.Errno);
            Native.Write(writer, "still open"u8);
            var owner = new Fd(mine);
            owner.Dispose();
            owner.Dispose();
            byte[] buffer = new byte[64];
            Assert.Equal(10, IteratorFd.Read(pipe.Fd, buffer));
            Assert.Equal(0, IteratorFd.Read(pipe.Fd, buffer)); // no writer is left
        }
    }

    private static Descriptor Filled(byte[] data)
    {
        (Descriptor pipe, Descriptor writer) = Native.Pipe();
        using (writer) Native.Write(writer, data);
        return pipe;
    }

    private static (int Count, int Errno) Read(Descriptor from, byte[] buffer)
    {
        var fd = new Fd(from.Fd);
        var reader = new RecordReader<prog_map_record>(fd, buffer);
        int count = 0;
        while (reader.MoveNext())
        {
            Assert.Equal((s_records[count].prog_id, s_records[count].map_id), (reader.Current.prog_id, reader.Current.map_id));
            count++;
        }
        return (count, reader.Errno);
    }
}
