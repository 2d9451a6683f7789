using System.CommandLine;

namespace RecordGen;

internal static class Program
{
    private static int Main(string[] args)
    {
        var objects = new Argument<string[]>("object.bpf.o")
        {
            Description = "BPF objects whose BTF to read.",
            Arity = ArgumentArity.OneOrMore,
        };
        objects.Validators.Add(result =>
        {
            // System.CommandLine hands an unknown option over as a file
            if (result.Tokens.FirstOrDefault(t => t.Value.StartsWith('-')) is { } option)
            {
                result.AddError($"unknown option {option.Value}");
            }
        });
        var output = new Option<string>("--output", "-o")
        {
            Description = "The file to write, or the directory to write Records.g.cs to.",
            HelpName = "file or directory",
            Required = true,
        };
        var csharpNamespace = new Option<string>("--namespace")
        {
            Description = "The namespace of the C# types.",
            HelpName = "name",
            DefaultValueFactory = _ => "Iterators",
        };
        var root = new RootCommand(
            """
            Writes C# structs for the records that BPF objects emit: every struct named *_record, every enum named *_flags, and the structs
            and enums that they hold.

            Exit status: 0 written; 1 an object cannot be read, two disagree about a declaration, one has no counterpart in C#, or the
            output cannot be written; 2 the command line is wrong.
            """)
        {
            objects,
            output,
            csharpNamespace,
        };
        root.SetAction(result => Generate(
            result.GetRequiredValue(objects), result.GetRequiredValue(output), result.GetRequiredValue(csharpNamespace)));

        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            Console.Error.WriteLine($"RecordGen: {parsed.Errors[0].Message}");
            return 2;
        }

        return parsed.Invoke();
    }

    private static int Generate(string[] objects, string output, string csharpNamespace)
    {
        try
        {
            string text = CSharpWriter.Write(RecordSet.Read(objects).Declarations, objects, csharpNamespace);
            string path = Directory.Exists(output) || Path.EndsInDirectorySeparator(output) ? Path.Combine(output, "Records.g.cs") : output;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(path, text);
            return 0;
        }
        catch (Exception e) when (e is RecordGenException or IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            Console.Error.WriteLine($"RecordGen: {e.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }
}
