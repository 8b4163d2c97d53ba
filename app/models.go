package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"text/tabwriter"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
)

var modelsHelp = cli.Help{
	Name:     "saysee models",
	Synopsis: "list|verify [PACK...]",
	Summary:  "List the packs that can be used, or check every byte of them against their manifests.",
	Details: `Packs are looked for in --packs, in the folder that ` + model.StoreEnv + ` names, in your user folder and among the bundled
ones; the first that has a name wins. A pack is a folder with pack.json and the files it lists; put one into
~/.local/share/saysee/packs to have it found.`,
	Examples: []cli.Example{
		{Line: "saysee models list", Does: "what can be given to --model"},
		{Line: "saysee models verify", Does: "read all packs and compare them with their hashes"},
	},
}

// packInfo is what --json prints of a pack.
type packInfo struct {
	ID      string   `json:"id"`
	Version string   `json:"version"`
	Title   string   `json:"title"`
	Family  string   `json:"family"`
	Tasks   []string `json:"tasks"`
	Licence string   `json:"licence"`
	Bytes   int64    `json:"bytes"`
	Origin  string   `json:"origin"`
	Runs    bool     `json:"runs"` // whether this version of Saysee knows the family
	Error   string   `json:"error,omitempty"`
}

func models(_ context.Context, args []string, s stdio) int {
	fs := flag.NewFlagSet("models", flag.ContinueOnError)
	dir := fs.String("packs", "", "`DIR` with packs of your own")
	asJSON := fs.Bool("json", false, "print JSON")
	words, code, ok := cli.Args(fs, modelsHelp, args, s.out, s.err)
	if !ok {
		return code
	}
	if len(words) == 0 {
		words = []string{"list"}
	}
	if words[0] != "list" && words[0] != "verify" {
		return cli.Misused(s.err, modelsHelp, fmt.Errorf("%q is neither list nor verify", words[0]))
	}
	store, err := model.NewStore(*dir, assets.Packs())
	if err != nil {
		return cli.Failed(s.err, modelsHelp, err)
	}
	infos, err := packInfos(store, words[1:], words[0] == "verify")
	if *asJSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		// A closed pipe is the reader's choice.
		_ = e.Encode(infos)
	} else {
		printPacks(s, infos, words[0] == "verify")
	}
	if err != nil {
		return cli.Failed(s.err, modelsHelp, err)
	}
	return cli.OK
}

func packInfos(store *model.Store, names []string, verify bool) ([]packInfo, error) {
	packs, err := store.List()
	if len(names) > 0 {
		packs, err = openAll(store, names)
	}
	infos := []packInfo{}
	for _, p := range packs {
		info := packInfo{
			ID: p.ID, Version: p.Version, Title: p.Title, Family: p.Family, Tasks: p.Tasks, Licence: p.Licence,
			Origin: p.Origin, Runs: pipeline.Detects(p.Family) || pipeline.Segments(p.Family) || pipeline.Names(p.Family),
		}
		for _, f := range p.Files {
			info.Bytes += f.Bytes
		}
		if verify {
			if damage := p.Verify(); damage != nil {
				info.Error = damage.Error()
				err = errors.Join(err, damage)
			}
		}
		infos = append(infos, info)
	}
	return infos, err
}

func openAll(store *model.Store, names []string) (packs []*model.Pack, err error) {
	for _, name := range names {
		p, e := store.Open(name)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		packs = append(packs, p)
	}
	return packs, err
}

func printPacks(s stdio, infos []packInfo, verified bool) {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PACK\tVERSION\tFAMILY\tSIZE\tLICENCE\tFROM\t")
	for _, p := range infos {
		state := ""
		switch {
		case p.Error != "":
			state = "damaged"
		case !p.Runs:
			state = "needs a newer Saysee"
		case verified:
			state = "intact"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f MB\t%s\t%s\t%s\n", p.ID, p.Version, p.Family, float64(p.Bytes)/1e6, p.Licence, p.Origin, state)
	}
	_ = w.Flush()
}
