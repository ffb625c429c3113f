/** Which encoder the daemons of a test run have: `TEST_ENCODER=reference` in the environment, else the default. */
export function testedEncoder(): 'kernel' | 'reference' {
  const { TEST_ENCODER: wished = 'kernel' } = process.env;
  if (wished === 'kernel' || wished === 'reference') return wished;
  throw new Error(`TEST_ENCODER is ${JSON.stringify(wished)}: it must be kernel or reference`);
}

/** For a daemon that is a process of its own. */
export function encoderVariable(): { readonly SLS_SYSLOG_ENCODER?: string } {
  return process.env.TEST_ENCODER === undefined ? {} : { SLS_SYSLOG_ENCODER: testedEncoder() };
}
