import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';

/** A link or image of Markdown to a file: its text, the path, and the heading. */
const LINK = /(!?)\[([^\]]*)\]\(((?!https?:|#|mailto:)[^)#\s]+)(#[^)\s]*)?\)/g;

/**
 * Copies documents into the folder of a package. A link to a file that the package does not hold becomes its text: who
 * reads it there has no such file.
 */
export async function copyDocuments(home: string, folder: string, documents: readonly string[]): Promise<void> {
  const held = new Set([...documents, ...(await filesIn(folder))]);
  for (const document of documents) {
    await mkdir(dirname(join(folder, document)), { recursive: true });
    if (!document.endsWith('.md')) {
      await cp(join(home, document), join(folder, document));
      continue;
    }
    const text = await readFile(join(home, document), 'utf8');
    await writeFile(join(folder, document), withoutDeadLinks(text, document, held));
  }
}

/** Pure. Folders count as held where a file of theirs is. */
export function withoutDeadLinks(markdown: string, document: string, held: ReadonlySet<string>): string {
  return markdown.replace(LINK, (link, image: string, text: string, path: string) => {
    const target = posix.join(posix.dirname(document), path).replace(/\/$/, '');
    if (held.has(target) || [...held].some((file) => file.startsWith(`${target}/`))) return link;
    return image ? '' : text;
  });
}

/** Every document of a folder, as paths of its home. */
export async function documentsIn(home: string, folder: string): Promise<string[]> {
  return (await filesIn(join(home, folder))).map((file) => posix.join(folder, file));
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(folder, posix.join(entry.parentPath ?? entry.path, entry.name)));
}
