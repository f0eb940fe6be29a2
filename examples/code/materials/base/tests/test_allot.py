from allot import allot, format_cents


def test_three_equal_parts_add_up():
    assert sum(allot(1000, [1, 1, 1])) == 1000


def test_the_first_gets_the_cent_left_over():
    assert allot(100, [1, 1, 1]) == [34, 33, 33]


def test_small_refund_as_text():
    assert format_cents(-5) == "-0.05"
