// A thread that helps an event loop must not stand in its way. Linux lets a thread that wakes up
// interrupt the one that runs, often the very loop that has just given it work.
#pragma once

namespace polybot::runtime {

// From now on the calling thread waits, when it wakes up, until a processor is free or the running
// thread's time is over (SCHED_BATCH). Its share of the processors stays the same.
void wake_without_interrupting();

}  // namespace polybot::runtime
