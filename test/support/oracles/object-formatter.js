/** A user's module that writes what it is shown, as JSON: a name that it is shown twice would be there twice. */
export default function createFormatter() {
  const member = ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return { format: (log) => `{${[...log.fields()].map(member).join(',')}}` };
}
