namespace BpfFs.Kernels.Tests;

public sealed class TapTests
{
    [Fact]
    public void A_failing_line_keeps_what_the_guest_said()
    {
        IReadOnlyList<TapLine> lines = Tap.Parse(
        [
            "# kernel 6.1",
            "ok 1 - a: one",
            "not ok 2 - a: two # differs",
            "#   got:  1",
            "#   want: 2",
            "ok 3 - a: three # SKIP no reason",
            "1..3",
        ]);

        Assert.Equal([true, false, true], lines.Select(line => line.Ok));
        Assert.Equal("not ok 2 - a: two # differs\n#   got:  1\n#   want: 2", lines[1].ToString());
        Assert.Empty(lines[0].Notes);
    }

    [Fact]
    public void Other_text_is_no_result() => Assert.Empty(Tap.Parse(["okay", "not okay", "", "1..0"]));

    [Fact]
    public void A_kernels_lines_are_those_of_its_guests()
    {
        string[] all = ["# installing", "# kernel 6.1: 6.1.0-50 ", "ok 1 - a: one", "# kernel 6.12: 6.12.1 ", "ok 1 - a: two", "# kernel 6.1: 6.1.0-50 lockdown=integrity", "ok 1 - b: three"];

        Assert.Equal([all[1], all[2], all[5], all[6]], VmTest.LinesOf("6.1", all));
        Assert.Empty(VmTest.LinesOf("5.10", all));
    }
}
