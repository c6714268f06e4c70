package rules

import (
	// A digest is only read if its algorithm is linked in.
	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/distribution/reference"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// mapImages plans the new image references of an object.
func mapImages(object manifest.Node, k kind, mappings []tenant.ImageMapping) error {
	if len(mappings) == 0 {
		return nil
	}
	for _, path := range k.images {
		fields, err := object.Find(path)
		if err != nil {
			return err
		}
		for _, field := range fields {
			if err := mapImage(field, mappings); err != nil {
				return err
			}
		}
	}
	return nil
}

func mapImage(field manifest.Node, mappings []tenant.ImageMapping) error {
	image, err := field.Text()
	if err != nil || image == "" {
		return err
	}
	// Normalising is for finding the mapping only: an image that no mapping
	// is about stays as it is written.
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return field.Errorf("holds %q, which is not an image reference: %v; write [registry/]repository[:tag][@digest]", image, err)
	}
	mapped, ok := tenant.MapRepository(mappings, named.Name())
	if !ok {
		return nil
	}
	tagAndDigest := named.String()[len(named.Name()):]
	if read, err := reference.ParseNormalizedNamed(mapped + tagAndDigest); err != nil || read.Name() != mapped {
		return field.Errorf("would become %q, which names no repository; change the mapping of %s", mapped+tagAndDigest, named.Name())
	}
	return field.SetText(mapped + tagAndDigest)
}
