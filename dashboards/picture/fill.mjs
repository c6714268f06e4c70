// fill writes the values of the dashboard's variables into a query. A Prometheus of one
// cluster has no label for it, which is what an empty one asks for. $1 is no variable:
// label_replace has it.
export function fill(expr, variables) {
  const values = { cluster: '', ...variables };
  return expr.replace(/\$\{?([a-z_]\w*)\}?/gi, (_, name) => {
    if (!(name in values)) {
      throw new Error(`the dashboard's variable ${name} has no value: add ${name}=VALUE to the call`);
    }
    return values[name];
  });
}
