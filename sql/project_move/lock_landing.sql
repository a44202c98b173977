-- Nobody lands anything until the transaction ends.
lock table landing.event in share mode;
