/** Who sends our events, and what they are about: the words that machine, rules and functions agree on. */
export const SOURCE = "project";

export enum DetailType {
  START = "start",
  GET_MULTIPLE = "get-multiple",
  PROCESS_SINGLE = "process-single",
  PROCESS_SINGLE_POST = "process-single.post-process",
  PROCESS_ALL = "process-all",
  SIDE_EFFECT_FINISHED = "side-effect.finished",
  TASK_FINISHED = "task-finished",
}
