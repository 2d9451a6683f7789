using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.View;

public sealed class UserAccountsTests
{
    private readonly UserAccounts _accounts = new(new UserLimits(OfUser: 3, OfAll: 5));

    [Fact]
    public void One_user_s_handles_are_bounded_and_given_back()
    {
        for (int i = 0; i < 3; i++) Assert.Equal(0, _accounts.TryOpen(1000));
        Assert.Equal(EMFILE, _accounts.TryOpen(1000));
        Assert.Equal(0, _accounts.TryOpen(1001)); // not his
        _accounts.Close(1000);
        Assert.Equal(0, _accounts.TryOpen(1000));
        Assert.Equal((3, 1, 0), (_accounts.HandlesOf(1000), _accounts.HandlesOf(1001), _accounts.HandlesOf(1002)));
    }

    [Fact]
    public void All_users_together_leave_a_reserve_and_root_has_no_bound()
    {
        for (uint uid = 1; uid <= 5; uid++) Assert.Equal(0, _accounts.TryOpen(uid));
        Assert.Equal(ENFILE, _accounts.TryOpen(6));
        Assert.Equal(0, _accounts.HandlesOf(6));
        for (int i = 0; i < 100; i++) Assert.Equal(0, _accounts.TryOpen(0));
        for (int i = 0; i < 100; i++) _accounts.Close(0);
        _accounts.Close(5);
        Assert.Equal(0, _accounts.TryOpen(6));
    }

    [Fact]
    public void What_an_earlier_server_had_open_counts()
    {
        for (int i = 0; i < 4; i++) _accounts.Adopt(1000);
        Assert.Equal(EMFILE, _accounts.TryOpen(1000));
        _accounts.Close(1000);
        Assert.Equal(EMFILE, _accounts.TryOpen(1000));
        _accounts.Close(1000);
        Assert.Equal(0, _accounts.TryOpen(1000));
    }

    [Fact]
    public void Waiting_requests_of_one_user_of_all_and_of_root_are_bounded()
    {
        for (int i = 0; i < UserAccounts.MostWaitingOfUser; i++) Assert.True(_accounts.TryWait(1000));
        Assert.False(_accounts.TryWait(1000));
        uint uid = 1001;
        for (int i = UserAccounts.MostWaitingOfUser; i < UserAccounts.MostWaiting; i++) Assert.True(_accounts.TryWait(uid++));
        Assert.False(_accounts.TryWait(uid));
        for (int i = 0; i < UserAccounts.MostWaiting; i++) Assert.True(_accounts.TryWait(0));
        Assert.False(_accounts.TryWait(0));
        _accounts.EndWait(0);
        Assert.True(_accounts.TryWait(0));
        _accounts.EndWait(1000);
        Assert.True(_accounts.TryWait(uid));
        Assert.True(UserAccounts.Threads > 2 * UserAccounts.MostWaiting);
    }

    [Theory]
    [InlineData(64UL, 5, 10)]
    [InlineData(1024UL, 128, 256)]
    [InlineData(524_288UL, 1024, 174_677)]
    [InlineData(ulong.MaxValue, 1024, 349_440)]
    public void Limits_leave_half_or_256_descriptors(ulong descriptors, int ofUser, int ofAll) => Assert.Equal(new UserLimits(ofUser, ofAll), UserLimits.Of(descriptors));
}
