-- One project at a time is made, so that two do not get one number. Nobody else can take this lock.
lock table landing.project in share row exclusive mode;
