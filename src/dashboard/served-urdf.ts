/** A URDF whose meshes are asked of the dashboard. */
export interface ServedUrdf {
  readonly urdf: string;
  /** What the URDF named, by the name it is served under. */
  readonly meshes: ReadonlyMap<string, string>;
}

/** Puts addresses of the dashboard into the place of a URDF's mesh files. */
export function withServedMeshes(urdf: string): ServedUrdf {
  const meshes = new Map<string, string>();
  const served = urdf.replaceAll(/(<mesh\b[^>]*?\bfilename\s*=\s*)(["'])(.*?)\2/g, (_, begin: string, quote: string, uri: string) => {
    const name = `${meshes.size}.${(/\.([A-Za-z0-9]+)$/.exec(uri)?.[1] ?? "bin").toLowerCase()}`;
    meshes.set(name, uri.replaceAll("&amp;", "&"));
    return `${begin}${quote}/robot-meshes/${name}${quote}`;
  });
  return { urdf: served, meshes };
}
