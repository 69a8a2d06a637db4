import type { ServiceModel } from '../../wire/service-model.ts';
import { capitalized } from './integrations/shapes.ts';
import type { MachineDefinition } from './interpreter/definition.ts';
import { type Diagnostic, problem } from './interpreter/diagnostics.ts';
import { notRecognized, parseResource } from './interpreter/task-resource.ts';

/** What a definition calls that no service has: refused when the machine is made, not when its state is reached. */
export async function unknownActions(
  definition: Pick<MachineDefinition, 'States'>,
  modelOf: (service: string) => Promise<ServiceModel>,
  path = '',
): Promise<Diagnostic[]> {
  const problems: Diagnostic[] = [];
  for (const [name, state] of Object.entries(definition.States)) {
    const place = `${path}/States/${name}`;
    const resource = state.Type === 'Task' ? parseResource(String(state.Resource)) : undefined;
    if (resource?.kind === 'sdk') {
      const { operations } = await modelOf(resource.service.name);
      if (!operations.has(capitalized(resource.action)))
        problems.push(problem(notRecognized(String(state.Resource)), `${place}/Resource`));
    }
    if (state.ItemProcessor)
      problems.push(...(await unknownActions(state.ItemProcessor, modelOf, `${place}/ItemProcessor`)));
    for (const [index, branch] of (state.Branches ?? []).entries())
      problems.push(...(await unknownActions(branch, modelOf, `${place}/Branches[${index}]`)));
  }
  return problems;
}
