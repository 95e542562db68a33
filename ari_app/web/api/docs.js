"use strict";
// Shows openapi.json; every text goes in as text, never as markup.
function element(name, text, parent, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  if (parent) parent.appendChild(made);
  return made;
}
function resolved(schema, all, depth) {
  if (!schema || depth > 6) return schema;
  if (schema.$ref) return resolved(all[schema.$ref.split("/").pop()], all, depth + 1);
  const copy = Array.isArray(schema) ? [] : {};
  for (const [key, value] of Object.entries(schema))
    copy[key] = value && typeof value === "object" ? resolved(value, all, depth + 1) : value;
  return copy;
}
function body(content, all, parent, heading) {
  for (const [kind, media] of Object.entries(content || {})) {
    element("p", heading + " (" + kind + ")", parent);
    if (media.schema) element("pre", JSON.stringify(resolved(media.schema, all, 0), null, 1), parent);
  }
}
function operation(path, method, it, all, parent) {
  const box = element("details", null, parent), head = element("summary", null, box);
  element("span", method.toUpperCase(), head, "method");
  element("code", path, head);
  head.append(" " + (it.summary || ""));
  const scopes = (it.security || []).flatMap((one) => Object.values(one).flat());
  if (scopes.length) element("span", scopes.join(", "), head, "scope");
  if (it.description) element("p", it.description, box);
  if (it.parameters && it.parameters.length) {
    const table = element("table", null, box);
    for (const one of it.parameters) {
      const row = element("tr", null, table);
      element("td", one.name + (one.required ? " *" : ""), row);
      element("td", one.in, row);
      element("td", one.description || "", row);
    }
  }
  body((it.requestBody || {}).content, all, box, "Body");
  for (const [status, answer] of Object.entries(it.responses || {}))
    if (status < "400") body(answer.content, all, box, status + " " + (answer.description || ""));
}
fetch("openapi.json").then((answer) => answer.json()).then((found) => {
  const all = (found.components || {}).schemas || {}, main = document.getElementById("routes");
  document.getElementById("version").textContent = found.info.version;
  document.getElementById("description").textContent = found.info.description || "";
  main.textContent = "";
  const groups = new Map();
  for (const [path, methods] of Object.entries(found.paths))
    for (const [method, it] of Object.entries(methods)) {
      const tag = (it.tags || ["other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([path, method, it]);
    }
  for (const [tag, several] of groups) {
    element("h2", tag, main).id = tag;
    element("a", tag, document.getElementById("tags")).href = "#" + tag;
    for (const [path, method, it] of several) operation(path, method, it, all, main);
  }
}).catch((error) => { document.getElementById("routes").textContent = "openapi.json cannot be read: " + error; });
