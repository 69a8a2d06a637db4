/** What the process ends with; docs/command-line.md lists the same. */
export const exitCodes = {
  ok: 0,
  /** It was tried and did not come out well: a rotation failed or was rolled back, a check failed, there are findings. */
  failed: 1,
  /** The arguments, the manifest or the region: nothing was tried. */
  usage: 2,
  /** No such secret, pipeline or execution. */
  notFound: 3,
  /** No credentials, or they do not allow it. */
  noAccess: 4,
  /** Nothing answers at the endpoint; or the port of the laptop is taken. */
  noEndpoint: 5,
  /** Not now: inside the grace period, another rotation is under way, or the previous credential is still in use. */
  notNow: 6,
  interrupted: 130,
  /** The reader of the output went away. */
  readerGone: 141,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
