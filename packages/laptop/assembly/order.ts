import { own } from '../own.ts';
import { referencedIds, UnresolvableTemplate } from './intrinsics.ts';

export interface TemplateEntry {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly Metadata?: Record<string, unknown>;
  readonly DependsOn?: string | string[];
  readonly Condition?: string;
}

/** Resources in the order of their dependencies. @throws UnresolvableTemplate naming the cycle */
export function inDependencyOrder(resources: Readonly<Record<string, TemplateEntry>>): [string, TemplateEntry][] {
  const ordered: [string, TemplateEntry][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (id: string, path: string[]): void => {
    if (state.get(id) === 'done') return;
    if (state.get(id) === 'open')
      throw new UnresolvableTemplate(`Circular dependency: ${[...path.slice(path.indexOf(id)), id].join(' → ')}.`);
    const entry = own(resources, id);
    if (!entry) return;
    state.set(id, 'open');
    for (const dependency of dependencies(entry)) visit(dependency, [...path, id]);
    state.set(id, 'done');
    ordered.push([id, entry]);
  };
  for (const id of Object.keys(resources)) visit(id, []);
  return ordered;
}

function dependencies(entry: TemplateEntry): Set<string> {
  const found = referencedIds(entry.Properties ?? {});
  const explicit = entry.DependsOn ?? [];
  for (const id of Array.isArray(explicit) ? explicit : [explicit]) found.add(id);
  return found;
}
