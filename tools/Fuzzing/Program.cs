using System.Runtime.InteropServices;
using BpfFs.Tests.Fuzz;
using Fuse.Tests.Fuzz;
using SharpFuzz;
using Support.Fuzz;

Unseen(); // before the first instrumented line
FuzzTarget[] targets = [RequestTarget.Target, RecordTarget.Target, BtfTarget.Target];
string[] verbs = ["afl", "corpus", "seeds", "check", "lines"];
if (args.Length < 2 || !verbs.Contains(args[0]) || targets.SingleOrDefault(t => t.Name == args[1]) is not { } target)
{
    Console.Error.WriteLine($"usage: Fuzzing {string.Join('|', verbs)} {string.Join('|', targets.Select(t => t.Name))} [FILE]...");
    return 2;
}
string[] files = args[2..];
switch (args[0])
{
    case "afl":
        UnderAfl(target);
        return 0;
    case "corpus": // where it is
        Console.WriteLine(target.CorpusFile);
        return 0;
    case "seeds": // as a file each, into a directory
        byte[][] seeds = target.Corpus();
        for (int i = 0; i < seeds.Length; i++) File.WriteAllBytes(Path.Combine(files[0], $"{i:d5}"), seeds[i]);
        return 0;
    case "check": // what is wrong with them, as small as it can be made
        int wrong = 0;
        foreach (string file in files) wrong += IsRight(target, File.ReadAllBytes(file)) ? 0 : 1;
        return wrong == 0 ? 0 : 1;
    default: // of a corpus
        foreach (string file in files) Console.WriteLine(Convert.ToHexStringLower(File.ReadAllBytes(file)));
        return 0;
}

static bool IsRight(FuzzTarget target, byte[] input)
{
    try
    {
        Support.Fuzz.Fuzzing.Run(1, _ => input, target.FailureOf);
        return true;
    }
    catch (Exception e) when (e is InvalidOperationException or TimeoutException)
    {
        Console.WriteLine($"{target.Name}: {e.Message}");
        return false;
    }
}

// Instrumented code counts its ways in memory of AFL's, and where there is none, in this.
static unsafe void Unseen() => SharpFuzz.Common.Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(1 << 16);

// Another process runs the inputs, so that one that kills or hangs it does not end the fuzzing (SharpFuzz, OutOfProcess).
static void UnderAfl(FuzzTarget target)
{
    foreach (byte[] input in target.Corpus()) target.FailureOf(input); // what happens once per process is not to look like the way of an input
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using MemoryStream input = new();
        stream.CopyTo(input);
        if (target.FailureOf(input.ToArray()) is { } failure) throw new InvalidOperationException(failure);
    });
}
