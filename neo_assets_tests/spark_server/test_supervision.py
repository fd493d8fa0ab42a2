from itertools import islice

from neo_assets.spark_server.supervision import waits


def test_a_server_that_dies_again_and_again_is_given_more_time_each_time() -> None:
    assert list(islice(waits(), 9)) == [0, 5, 10, 20, 40, 80, 160, 300, 300]
